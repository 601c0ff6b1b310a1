import { number } from '../format/numbers';
import { plural } from '../format/words';

/** `1 alert`, `1,234 alerts`. */
export function count(value: number, one: string, many: string): string {
  return plural(value, one, many, number(value));
}
