import { scaleTime, scaleUtc, type ScaleTime } from 'd3-scale';
import { areTimesInUtc } from '../format/times';

/** A scale of time whose ticks are at full hours and days of the zone that times are shown in. */
export function timeScale(domain: [number, number], range: [number, number]): ScaleTime<number, number> {
  return (areTimesInUtc() ? scaleUtc : scaleTime)(domain, range);
}
