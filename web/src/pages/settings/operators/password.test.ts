import { expect, test } from 'vitest';
import { randomPassword } from './password';

test('a password is long, and no two are the same', () => {
  const passwords = new Set(Array.from({ length: 100 }, () => randomPassword()));
  expect(passwords.size).toBe(100);
  for (const password of passwords) expect(password).toMatch(/^[a-zA-Z2-9]{5}(-[a-zA-Z2-9]{5}){4}$/);
});

test('bytes that would make some letters likelier are drawn again', () => {
  const bytes = [255, 254, 0, 1];
  let drawn = 0;
  const password = randomPassword((into) => (into[0] = bytes[drawn++] ?? 2));
  expect(password.startsWith('abc')).toBe(true);
});
