import { api, ask, askWithTag } from '../../../lib/api/client';
import { Remote } from '../../../lib/api/remote.svelte';
import type { BacktestAnswer, PolicyCheck, PolicyDetector, PolicyField } from '../../../lib/api/schema';
import type { Vocabulary } from './policy-language';
import { readBasics, readDetector, readScope } from './basics';
import { isObstacle, readFilter } from './filter';

const CHECK_WAIT_MILLISECONDS = 350;
const PREVIEW_WAIT_MILLISECONDS = 900;

/** A policy that is being written. The text is what counts; everything else is read from it. */
export class Draft {
  text = $state('');
  /** As it was when it was opened or last saved. */
  saved = $state('');
  /** The policy that is edited; null where it is a new one. */
  readonly name: string | null;
  tag = '';
  /** Whether it comes with the program or stands in a file, so that only a copy of it can be edited. */
  isReadOnly = $state(false);

  readonly basics = $derived.by(() => readBasics(this.text));
  readonly scope = $derived.by(() => readScope(this.text));
  readonly detector = $derived.by(() => readDetector(this.text));
  readonly #read = $derived.by(() => readFilter(this.text));
  readonly filter = $derived(isObstacle(this.#read) ? null : this.#read);
  readonly obstacle = $derived(isObstacle(this.#read) ? this.#read : null);
  readonly isChanged = $derived(this.text !== this.saved);

  readonly check = new Remote<PolicyCheck>();
  readonly preview = new Remote<BacktestAnswer>();
  readonly comparison = new Remote<BacktestAnswer>();
  /** The text that the check is of. */
  checked = $state('');

  days = $state(30);
  source = $state<string | undefined>(undefined);
  /** What a preview or a comparison is of: the text, and the events it is tried on. */
  readonly trial = $derived(JSON.stringify([this.text, this.days, this.source]));
  previewed = $state('');
  compared = $state('');

  fields = $state.raw<readonly PolicyField[]>([]);
  detectors = $state.raw<readonly PolicyDetector[]>([]);
  eventTypes = $state.raw<readonly string[]>([]);

  constructor(name: string | null) {
    this.name = name;
  }

  get vocabulary(): Vocabulary {
    return { fields: this.fields, eventTypes: this.eventTypes };
  }

  begin(text: string): void {
    this.text = text;
    this.saved = this.name === null ? '' : text;
  }

  async loadVocabulary(): Promise<void> {
    const [told, { EVENT_TYPES }] = await Promise.all([
      ask(api.GET('/api/v1/policies/vocabulary')),
      import('../../events/event-types'),
    ]);
    this.fields = told.fields;
    this.detectors = told.detectors;
    this.eventTypes = EVENT_TYPES;
  }

  /** Checks the text when typing pauses. Answers how to give that up. */
  checkLater(): () => void {
    const text = this.text;
    const timer = setTimeout(() => void this.checkNow(text), CHECK_WAIT_MILLISECONDS);
    return () => clearTimeout(timer);
  }

  checkNow(text: string): Promise<void> {
    return this.check.read(async (signal) => {
      const check = await ask(api.POST('/api/v1/policies/checks', { body: { text }, signal }));
      this.checked = text;
      return check;
    });
  }

  previewLater(): () => void {
    const timer = setTimeout(() => void this.previewNow(), PREVIEW_WAIT_MILLISECONDS);
    return () => clearTimeout(timer);
  }

  previewNow(): Promise<void> {
    const { text, days, source, trial } = this;
    return this.preview.read(async (signal) => {
      const body = { text, days, ...(source ? { source } : {}) };
      const answer = await ask(api.POST('/api/v1/policies/previews', { body, signal }));
      this.previewed = trial;
      return answer;
    });
  }

  compareNow(name: string): Promise<void> {
    const { text, days, source, trial } = this;
    return this.comparison.read(async (signal) => {
      const body = { text, days, ...(source ? { source } : {}) };
      const params = { path: { name } };
      const answer = await ask(api.POST('/api/v1/policies/{name}/backtest', { params, body, signal }));
      this.compared = trial;
      return answer;
    });
  }

  /** Saves the text; answers the name that the policy has. */
  async save(): Promise<string> {
    const body = { text: this.text };
    const { name, text } = this;
    const { data, tag } =
      name === null
        ? await askWithTag(api.POST('/api/v1/policies', { body }))
        : await askWithTag(
            api.PUT('/api/v1/policies/{name}', {
              params: { path: { name }, header: { 'If-Match': this.tag } },
              body,
            }),
          );
    this.tag = tag;
    this.saved = text;
    return data.policy.name;
  }
}
