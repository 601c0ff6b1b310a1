import { showTimesInUtc } from './format/times';
import { remember, remembered } from './storage';

export type ZoneChoice = 'local' | 'utc';

const STORED = 'zone';

function isChoice(value: unknown): value is ZoneChoice {
  return value === 'local' || value === 'utc';
}

/** The zone that times are shown in: the viewer's own, or UTC. */
class Zone {
  choice = $state<ZoneChoice>(remembered(STORED, 'local', isChoice));

  constructor() {
    showTimesInUtc(this.choice === 'utc');
  }

  choose(choice: ZoneChoice): void {
    this.choice = choice;
    showTimesInUtc(choice === 'utc');
    remember(STORED, choice);
  }
}

export const zone = new Zone();
