import { count } from './count';

/** Texts about keeping alerts quiet. */
export const suppressTexts = {
  suppress: {
    action: 'Suppress…',
    title: 'Suppress alerts like this',
    meaning: 'From now on matches still make alerts, but quiet ones: nobody is called, and they add no risk.',
    what: 'What is to be quiet?',
    whats: {
      both: (policy: string, entity: string) => `“${policy}” about ${entity}`,
      policy: (policy: string) => `“${policy}”, about anybody`,
      entity: (_policy: string, entity: string) => `Everything about ${entity}`,
    } as Record<'both' | 'policy' | 'entity', (policy: string, entity: string) => string>,
    until: 'Until',
    days: (value: number) => count(value, 'day', 'days'),
    reason: 'Why?',
    reasonHint: 'Kept in the audit trail.',
    submit: 'Suppress',
    done: (time: string) => `Suppressed until ${time}`,
  },
};
