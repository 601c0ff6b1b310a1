// Without those that are taken for each other.
const LETTERS = 'abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789';
const GROUPS = 5;
const GROUP_LENGTH = 5;

/** A password of 25 letters and digits in groups, about 145 bits. */
export function randomPassword(
  fill: (bytes: Uint8Array<ArrayBuffer>) => void = (bytes) => void crypto.getRandomValues(bytes),
): string {
  const groups = Array.from({ length: GROUPS }, () =>
    Array.from({ length: GROUP_LENGTH }, () => letter(fill)).join(''),
  );
  return groups.join('-');
}

/** One letter; bytes beyond the last whole round are drawn again, so that each letter is as likely as any other. */
function letter(fill: (bytes: Uint8Array<ArrayBuffer>) => void): string {
  const byte = new Uint8Array(1);
  const whole = 256 - (256 % LETTERS.length);
  do fill(byte);
  while ((byte[0] ?? 0) >= whole);
  return LETTERS.charAt((byte[0] ?? 0) % LETTERS.length);
}
