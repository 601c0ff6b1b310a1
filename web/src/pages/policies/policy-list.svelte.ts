import { api, ask } from '../../lib/api/client';
import { problemOf } from '../../lib/api/problem';
import { Remote } from '../../lib/api/remote.svelte';
import { lastDays } from '../../lib/charts/days';
import { texts } from '../../lib/texts';
import { toasts } from '../../lib/toasts.svelte';
import { DAYS, joined } from './counted';
import type { ListedPolicy } from './filters';

/** All policies, with what they came to. */
export interface Listed {
  policies: ListedPolicy[];
  broken: string[];
}

export class PolicyList {
  readonly remote = new Remote<Listed>();

  read(): Promise<void> {
    return this.remote.read(async (signal) => {
      const [list, counts] = await Promise.all([
        ask(api.GET('/api/v1/policies', { signal })),
        ask(api.GET('/api/v1/policies/counts', { params: { query: { days: DAYS } }, signal })),
      ]);
      return { policies: joined(list, counts, lastDays(DAYS, Date.now())), broken: list.broken };
    });
  }

  /** Sets the mode of policies; the way back is offered. */
  async setMode(policies: readonly { name: string; mode: string }[], mode: string): Promise<void> {
    const changes = policies.filter((policy) => policy.mode !== mode);
    if (changes.length === 0) return;
    const done = await setModes(changes.map(({ name }) => ({ name, mode })));
    if (done > 0) {
      const undo = () => void setModes(changes).then(() => this.read());
      toasts.say(texts.policies.modeSet(done, texts.policies.modes[mode] ?? mode), undo);
    }
    await this.read();
  }
}

/** Sets modes one by one; answers how many were. */
async function setModes(changes: readonly { name: string; mode: string }[]): Promise<number> {
  let done = 0;
  for (const { name, mode } of changes) {
    try {
      await ask(api.PATCH('/api/v1/policies/{name}', { params: { path: { name } }, body: { mode } }));
      done += 1;
    } catch (cause) {
      const problem = problemOf(cause);
      toasts.complain(`${problem.detail} ${problem.hint}`.trim());
      break;
    }
  }
  return done;
}
