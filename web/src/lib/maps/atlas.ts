/* The heavy part of maps: the countries of the world and how they are drawn. It is loaded when a map is shown. */
import { geoDistance, geoGraticule10, geoInterpolate, geoNaturalEarth1, geoPath } from 'd3-geo';
import { feature, mesh } from 'topojson-client';
import type { GeometryCollection, Topology } from 'topojson-specification';
import countries from 'world-atlas/countries-110m.json';
import type { Place } from './places';

const world = countries as unknown as Topology<{ countries: GeometryCollection; land: GeometryCollection }>;
const LAND = feature(world, world.objects.land);
const BORDERS = mesh(world, world.objects.countries, (a, b) => a !== b);
const MERIDIANS = geoGraticule10();

/** A map shows at least so much of the world around its places. */
const AROUND_DEGREES = { latitude: 14, longitude: 24 };
const MARGIN_PIXELS = 34;
/** Nearer than this an arrow would hide the way that it is on. */
const ARROW_PIXELS_MIN = 36;

export interface Drawing {
  sphere: string;
  meridians: string;
  land: string;
  borders: string;
  points: { x: number; y: number }[];
  legs: { path: string; arrow: string | null }[];
}

/** Places, and the great circles between those that `legs` joins, in a field of so many pixels. */
export function draw(
  places: readonly Place[],
  legs: readonly [number, number][],
  width: number,
  height: number,
): Drawing {
  const projection = geoNaturalEarth1().rotate([-middle(places.map(({ longitude }) => longitude)), 0]);
  const field: [[number, number], [number, number]] = [
    [MARGIN_PIXELS, MARGIN_PIXELS],
    [width - MARGIN_PIXELS, height - MARGIN_PIXELS],
  ];
  const ways = legs.flatMap(([from, to]) => {
    const [start, end] = [places[from], places[to]];
    return start && end ? [[at(start), at(end)] as [Position, Position]] : [];
  });
  if (places.length > 0) projection.fitExtent(field, { type: 'MultiPoint', coordinates: frame(places, ways) });
  else projection.fitExtent(field, { type: 'Sphere' });
  projection.clipExtent([
    [-1, -1],
    [width + 1, height + 1],
  ]);
  const path = geoPath(projection).digits(1);
  const draw = (shape: Parameters<typeof path>[0]) => path(shape) ?? '';
  return {
    sphere: draw({ type: 'Sphere' }),
    meridians: draw(MERIDIANS),
    land: draw(LAND),
    borders: draw(BORDERS),
    points: places.map((place) => point(projection(at(place)))),
    legs: ways.map(([start, end]) => ({
      path: draw({ type: 'LineString', coordinates: [start, end] }),
      arrow: arrow((part) => point(projection(geoInterpolate(start, end)(part)))),
    })),
  };
}

type Position = [number, number];

function at({ longitude, latitude }: Place): Position {
  return [longitude, latitude];
}

function point(projected: Position | null): { x: number; y: number } {
  return { x: projected?.[0] ?? 0, y: projected?.[1] ?? 0 };
}

/** The places, the tops of the ways between them, and some world around each. */
function frame(places: readonly Place[], ways: readonly [Position, Position][]): Position[] {
  const corners = places.flatMap((place) =>
    [-1, 1].map((side): Position => [
      place.longitude + side * AROUND_DEGREES.longitude,
      Math.max(-85, Math.min(85, place.latitude + side * AROUND_DEGREES.latitude)),
    ]),
  );
  const tops = ways.flatMap(([start, end]) => {
    const steps = geoDistance(start, end) > 0.2 ? [0.25, 0.5, 0.75] : [];
    return steps.map((part) => geoInterpolate(start, end)(part));
  });
  return [...corners, ...tops];
}

/** The meridian in the middle of these: opposite to the middle of the widest gap between them. */
export function middle(longitudes: readonly number[]): number {
  const sorted = [...longitudes].sort((a, b) => a - b);
  const [first] = sorted;
  if (first === undefined) return 0;
  let widest = { length: 0, end: first };
  for (const [index, start] of sorted.entries()) {
    const next = sorted[index + 1] ?? first + 360;
    if (next - start > widest.length) widest = { length: next - start, end: next };
  }
  const span = 360 - widest.length;
  return ((widest.end + span / 2 + 540) % 360) - 180;
}

/** An arrowhead in the middle of a way. */
function arrow(along: (part: number) => { x: number; y: number }): string | null {
  const [start, before, tip, end] = [along(0), along(0.49), along(0.52), along(1)];
  if (Math.hypot(end.x - start.x, end.y - start.y) < ARROW_PIXELS_MIN) return null;
  const length = Math.hypot(tip.x - before.x, tip.y - before.y) || 1;
  const [x, y] = [(tip.x - before.x) / length, (tip.y - before.y) / length];
  const corner = (forward: number, aside: number) =>
    `${(tip.x + forward * x - aside * y).toFixed(1)},${(tip.y + forward * y + aside * x).toFixed(1)}`;
  return `M${corner(0, 0)}L${corner(-9, 4.5)}L${corner(-6.5, 0)}L${corner(-9, -4.5)}Z`;
}
