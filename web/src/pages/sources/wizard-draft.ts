const STORED = 'drishti.new-source';

/** What is typed into the form of a new source, but for its secrets: those are kept nowhere. */
export interface WizardDraft {
  way: 'token' | 'sumo';
  name: string;
  workspace: string;
  description: string;
  category: string;
  apiAddress: string;
}

const EMPTY: WizardDraft = { way: 'token', name: '', workspace: '', description: '', category: '', apiAddress: '' };

/** What was typed before the page was read anew, in this tab. */
export function wizardDraft(): WizardDraft {
  try {
    const stored: unknown = JSON.parse(sessionStorage.getItem(STORED) ?? '{}');
    const given = Object.entries(stored ?? {}).filter(([key, value]) => key in EMPTY && typeof value === 'string');
    const draft = { ...EMPTY, ...Object.fromEntries(given) } as WizardDraft;
    return { ...draft, way: draft.way === 'sumo' ? 'sumo' : 'token' };
  } catch {
    return EMPTY;
  }
}

export function keepWizardDraft(draft: WizardDraft | null): void {
  try {
    if (draft) sessionStorage.setItem(STORED, JSON.stringify(draft));
    else sessionStorage.removeItem(STORED);
  } catch {
    // Without storage it holds until the page is left.
  }
}
