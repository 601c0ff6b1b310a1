import list from '../../../../crates/detect/src/policy/event_types.txt?raw';

/** All types of events that a source names, from the list that policies are checked with. */
export const EVENT_TYPES: readonly string[] = list
  .split('\n')
  .map((line) => line.trim())
  .filter((line) => line && !line.startsWith('#'));
