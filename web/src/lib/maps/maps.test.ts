import { geoDistance } from 'd3-geo';
import { describe, expect, test } from 'vitest';
import type { Event } from '../api/schema';
import { listed } from '../events/asana';
import { draw, middle } from './atlas';
import { distance, legsOf, placeName, placeOf, visitsOf } from './places';

const BERLIN = { city: 'Berlin', country: 'DE', latitude: 52.52, longitude: 13.405 };
const TOKYO = { city: 'Tokyo', country: 'JP', latitude: 35.68, longitude: 139.69 };
const SAN_FRANCISCO = { city: null, country: 'US', latitude: 37.77, longitude: -122.42 };
const NOWHERE = { city: null, country: 'US', latitude: null, longitude: null };

function event(time: string, address: object | null) {
  const entry = { source: 'acme', collected_at: time, address, event: { gid: time, created_at: time } };
  return listed(entry as unknown as Event);
}

function place(address: typeof BERLIN | typeof SAN_FRANCISCO) {
  const found = placeOf(address);
  if (!found) throw new Error('it has no place');
  return found;
}

describe('places', () => {
  test('are named as far as they are known', () => {
    expect(placeName(BERLIN)).toBe('Berlin, Germany');
    expect(placeName(SAN_FRANCISCO)).toBe('United States');
    expect(placeName({ city: null, country: 'not a code' })).toBe('not a code');
    expect(placeOf(NOWHERE)).toBeNull();
    expect(placeOf({ ...BERLIN, latitude: 91 })).toBeNull();
    expect(placeOf({ city: null, country: null, latitude: -0.04, longitude: 7 })?.name).toBe('-0.0, 7.0');
  });

  test('distances are those of great circles', () => {
    const angle = geoDistance([BERLIN.longitude, BERLIN.latitude], [TOKYO.longitude, TOKYO.latitude]);
    expect(distance(BERLIN, TOKYO)).toBeCloseTo(angle * 6371, 6);
    expect(distance(BERLIN, BERLIN)).toBe(0);
    expect(distance({ latitude: 0, longitude: 0 }, { latitude: 0, longitude: 180 })).toBeCloseTo(20015, 0);
  });

  test('stays follow each other by time, and what has no place is left out', () => {
    const visits = visitsOf([
      event('2026-11-20T10:00:00Z', TOKYO),
      event('2026-11-20T08:00:00Z', BERLIN),
      event('2026-11-20T09:00:00Z', { ...BERLIN, latitude: 52.53 }),
      event('2026-11-20T09:30:00Z', NOWHERE),
      event('2026-11-20T09:40:00Z', null),
      event('2026-11-20T10:00:00Z', BERLIN),
    ]);
    expect(visits.map(({ place: { name }, events }) => [name, events.length])).toEqual([
      ['Berlin, Germany', 2],
      ['Tokyo, Japan', 1],
      ['Berlin, Germany', 1],
    ]);
    const [there, back] = legsOf(visits);
    expect(there?.hours).toBe(1);
    expect(there?.kilometresPerHour).toBeCloseTo(there?.kilometres ?? 0, 5);
    expect(back?.kilometresPerHour).toBeNull();
  });
});

describe('maps', () => {
  test('are turned so that their places lie in the middle', () => {
    expect(middle([])).toBe(0);
    expect(middle([13])).toBe(13);
    expect(middle([10, 30])).toBe(20);
    expect(Math.abs(middle([170, -170]))).toBe(180);
    expect(middle([-122.42, 139.69])).toBeCloseTo(-171.4, 1);
  });

  test('show every place and way within their field', () => {
    for (const places of [[place(BERLIN)], [place(BERLIN), place(TOKYO)], [place(TOKYO), place(SAN_FRANCISCO)]]) {
      const drawing = draw(places, [[0, 1]], 600, 280);
      for (const { x, y } of drawing.points) {
        expect(x).toBeGreaterThan(0);
        expect(x).toBeLessThan(600);
        expect(y).toBeGreaterThan(0);
        expect(y).toBeLessThan(280);
      }
      expect(drawing.land).toMatch(/^M/);
      expect(drawing.legs).toHaveLength(places.length - 1);
      for (const { path, arrow } of drawing.legs) {
        // Cut at the edge of the world, the way would begin twice.
        expect(path.match(/M/g)).toHaveLength(1);
        expect(arrow).toMatch(/^M.*Z$/);
      }
    }
    expect(draw([], [], 600, 280).points).toEqual([]);
  });
});
