import type { Alert } from '../../lib/api/schema';

/** The newest alerts of some policies, or of all, the newest first. */
type Reader = (policies: string[] | undefined) => Promise<Alert[]>;

/** Most policies that are named at once: an address has its bound. */
const NAMED_MAX = 80;

/**
 * The newest alert of each of the policies that raised one last, up to `most`. However much one of them says, it does not hide the
 * others: those that were not met yet are asked for without it.
 */
export async function newestByPolicy(policies: readonly string[], most: number, read: Reader): Promise<Alert[]> {
  const newest = new Map<string, Alert>();
  let missing = [...policies];
  while (missing.length > 0 && newest.size < most) {
    const before = newest.size;
    for (const alert of await read(before === 0 ? undefined : missing.slice(0, NAMED_MAX))) {
      if (!newest.has(alert.policy_id)) newest.set(alert.policy_id, alert);
    }
    if (newest.size === before) break;
    missing = missing.filter((policy) => !newest.has(policy));
  }
  return [...newest.values()].slice(0, most);
}
