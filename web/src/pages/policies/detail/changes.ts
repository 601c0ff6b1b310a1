import { texts } from '../../../lib/texts';

/** What was set otherwise, in words. */
export interface SettingChanged {
  what: string;
  before: string;
  after: string;
}

type Settings = Record<string, unknown> | null;

/** What differs between two states of what is set about a policy. */
export function settingsChanged(before: Settings, after: Settings): SettingChanged[] {
  const keys = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])];
  return keys
    .map((key) => ({ what: nameOf(key), before: told(key, before?.[key]), after: told(key, after?.[key]) }))
    .filter((change) => change.before !== change.after);
}

function nameOf(key: string): string {
  const names: Record<string, string> = {
    mode: texts.policy.mode,
    severity: texts.policy.severity,
    daily_cap: texts.policy.cap,
    scope: texts.policy.scope,
    parameters: texts.policy.parameters,
    paused: texts.policies.paused,
  };
  return names[key] ?? key;
}

/** A setting in words: what is not set is as the file says. */
function told(key: string, value: unknown): string {
  if (value === null || value === undefined) return key === 'paused' ? texts.policy.off : texts.policy.reset;
  if (key === 'mode') return texts.policies.modes[String(value)] ?? String(value);
  if (key === 'severity') return texts.severities[String(value)] ?? String(value);
  if (key === 'scope') return scopeInWords(value);
  if (key === 'parameters') return parametersInWords(value);
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function parametersInWords(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  return Object.entries(value)
    .map(([name, given]) => `${name} ${JSON.stringify(given)}`)
    .join(', ');
}

/** About whom a policy speaks, in one line. */
export function scopeInWords(value: unknown): string {
  if (typeof value !== 'object' || value === null) return texts.policy.everybody;
  const scope = value as Record<string, Record<string, string[]> | undefined>;
  const named = (side: string) => Object.values(scope[side] ?? {}).flat();
  const parts = [
    [texts.policy.include, named('include')] as const,
    [texts.policy.exclude, named('exclude')] as const,
  ].filter(([, names]) => names.length > 0);
  return parts.map(([word, names]) => `${word}: ${names.join(', ')}`).join(' · ') || texts.policy.everybody;
}
