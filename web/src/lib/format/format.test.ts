import { describe, expect, test, vi } from 'vitest';
import { agentInShort } from './agent';
import { csv } from './csv';
import { bytes, number, whole } from './numbers';
import {
  areTimesInUtc,
  calendarDate,
  calendarDay,
  duration,
  fromField,
  full,
  relative,
  seconds,
  showTimesInUtc,
  toField,
  utc,
} from './times';
import { plural, words } from './words';

describe('CSV', () => {
  test.each(['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', ' =1', '|cmd'])('takes the formula out of %j', (formula) => {
    expect(csv(['name'], [[formula]])).toContain(`'${formula}`);
  });

  test('quotes what has to be quoted, and keeps everything else', () => {
    expect(
      csv(
        ['a', 'b'],
        [
          ['x,"y"\nz', null],
          ['مرحبا 🎉', 3],
        ],
      ),
    ).toBe('\uFEFFa,b\r\n"x,""y""\nz",\r\nمرحبا 🎉,3\r\n');
  });
});

describe('times', () => {
  const now = Date.parse('2026-11-25T12:00:00Z');

  test('how long ago', () => {
    expect(relative('2026-11-25T11:57:00Z', now)).toMatch(/^3 ?m/);
    expect(relative('2026-11-22T12:00:00Z', now)).toMatch(/^3 ?d/);
    expect(relative('2026-10-01T12:00:00Z', now)).toMatch(/Oct/);
    expect(relative('no time', now)).toBe('no time');
  });

  test('lengths in their two largest units', () => {
    expect(duration(0)).toBe('0 s');
    expect(duration(61)).toBe('1 min 1 s');
    expect(duration(3_600)).toBe('1 h');
    expect(duration(90_061)).toBe('1 d 1 h');
    expect(duration(86_400 + 5)).toBe('1 d');
  });

  test('UTC as records have it', () => {
    expect(utc('2026-11-25T12:00:00.5Z')).toBe('2026-11-25 12:00:00.500 UTC');
    expect(utc('2026-11-25T12:00:00Z')).toBe('2026-11-25 12:00:00 UTC');
  });

  test('a day is the same day in every zone', () => {
    for (const zone of ['Pacific/Pago_Pago', 'Europe/Berlin', 'Pacific/Kiritimati']) {
      vi.stubEnv('TZ', zone);
      expect(calendarDay('2026-11-25')).toMatch(/25/);
      expect(calendarDate('2026-11-25')).toMatch(/25/);
    }
    vi.unstubAllEnvs();
  });

  test('in UTC, where that is chosen', () => {
    showTimesInUtc(true);
    expect(areTimesInUtc()).toBe(true);
    expect(full('2026-11-25T23:59:58Z')).toMatch(/25.*(23|11):59:58/);
    expect(seconds('2026-11-25T23:59:58Z')).toMatch(/25.*(23|11):59:58/);
    expect(toField('2026-11-25T23:59:00Z')).toBe('2026-11-25T23:59');
    expect(fromField('2026-11-25T23:59')).toBe('2026-11-25T23:59:00.000Z');
    expect(fromField('')).toBeNull();
    showTimesInUtc(false);
    expect(areTimesInUtc()).toBe(false);
  });

  test('fields and back', () => {
    expect(fromField(toField('2026-11-25T12:34:00Z'))).toBe('2026-11-25T12:34:00.000Z');
    expect(toField(null)).toBe('');
    expect(fromField('')).toBeNull();
  });
});

test('numbers', () => {
  expect(number(1234.5)).toMatch(/^1.?23[45]$/);
  expect(number(2.345)).toMatch(/^2.3[45]$/);
  expect(whole(2026)).toBe('2026');
  expect(whole(12345.678901)).toMatch(/^12.345.678901$/);
  expect(bytes(1500)).toMatch(/^1.5 kB$/);
});

test('words', () => {
  expect(words('user_login_failed')).toBe('User login failed');
  expect(words('')).toBe('');
  expect(plural(1, 'alert', 'alerts')).toBe('1 alert');
  expect(plural(2, 'alert', 'alerts')).toBe('2 alerts');
});

test('user agents', () => {
  expect(agentInShort('Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Chrome/150.0 Safari/537.36')).toBe(
    'Chrome on macOS',
  );
  expect(agentInShort('python-requests/2.31')).toBe('python-requests/2.31');
  expect(agentInShort('AsanaDesktopOfficial darwin_arm64/2.18.0 Chrome/153.0')).toBe('Asana desktop on macOS');
});
