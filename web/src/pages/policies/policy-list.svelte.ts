import { api, ask, askWithTag } from '../../lib/api/client';
import { Problem, problemOf } from '../../lib/api/problem';
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
    const seen = policies.filter((policy) => policy.mode !== mode);
    if (seen.length === 0) return;
    const { done, problem } = await oneByOne(seen, (policy) => setSeen(policy, mode));
    if (done.length > 0) {
      const undo = () => void this.#undo(done);
      toasts.say(texts.policies.modeSet(done.length, texts.policies.modes[mode] ?? mode), undo);
    }
    if (problem) complain(problem);
    await this.read();
  }

  async #undo(done: readonly ModeSet[]): Promise<void> {
    const { problem } = await oneByOne(done, ({ name, before, tag }) => patch(name, before, tag));
    if (problem) complain(problem);
    await this.read();
  }
}

/** A mode that was set. */
interface ModeSet {
  name: string;
  /** What was set before; null: nothing, so that it was as the file says. */
  before: string | null;
  /** The version that the change has made. */
  tag: string;
}

/** Sets the mode of a policy, unless somebody else set another than the one that was seen. */
async function setSeen({ name, mode: seen }: { name: string; mode: string }, mode: string): Promise<ModeSet> {
  const params = { path: { name } };
  const { data, tag } = await askWithTag(api.GET('/api/v1/policies/{name}', { params }));
  if (data.policy.mode !== seen) throw new Problem('overtaken', 412, texts.changedMeanwhile, '');
  return { name, before: data.settings.mode, tag: await patch(name, mode, tag) };
}

async function patch(name: string, mode: string | null, tag: string): Promise<string> {
  const params = { path: { name }, header: { 'If-Match': tag } };
  return (await askWithTag(api.PATCH('/api/v1/policies/{name}', { params, body: { mode } }))).tag;
}

/** Does one after the other, up to the first that fails. */
async function oneByOne<One, Done>(
  all: readonly One[],
  act: (one: One) => Promise<Done>,
): Promise<{ done: Done[]; problem: Problem | null }> {
  const done: Done[] = [];
  try {
    for (const one of all) done.push(await act(one));
  } catch (cause) {
    return { done, problem: problemOf(cause) };
  }
  return { done, problem: null };
}

function complain(problem: Problem): void {
  toasts.complain(problem.isConflict ? texts.changedMeanwhile : `${problem.detail} ${problem.hint}`.trim());
}
