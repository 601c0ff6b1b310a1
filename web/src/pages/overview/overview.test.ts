import { expect, test } from 'vitest';
import type { Alert } from '../../lib/api/schema';
import { newestByPolicy } from './newest';

const PAGE = 3;

function reader(policies: string[]) {
  const asked: (string[] | undefined)[] = [];
  const alerts = policies.map((policy_id, place) => ({ policy_id, id: String(place) }) as Alert);
  const read = (wanted: string[] | undefined) => {
    asked.push(wanted);
    return Promise.resolve(alerts.filter(({ policy_id }) => wanted?.includes(policy_id) ?? true).slice(0, PAGE));
  };
  return { asked, read };
}

test('a policy that says much hides no other', async () => {
  const { asked, read } = reader(['loud', 'loud', 'loud', 'loud', 'quiet', 'loud', 'rare', 'quiet', 'last']);
  const found = await newestByPolicy(['last', 'loud', 'quiet', 'rare'], 3, read);
  expect(found.map(({ policy_id, id }) => [policy_id, id])).toEqual([
    ['loud', '0'],
    ['quiet', '4'],
    ['rare', '6'],
  ]);
  expect(asked).toEqual([undefined, ['last', 'quiet', 'rare']]);
});

test('policies whose alerts are gone by now are not waited for', async () => {
  const { read } = reader(['a']);
  expect((await newestByPolicy(['a', 'gone'], 5, read)).map(({ policy_id }) => policy_id)).toEqual(['a']);
});
