/** Marks that turn the direction of what follows: `report\u202Egnp.exe` would look like `reportexe.png`. */
const TURNING = /[\u202A-\u202E\u2066-\u2069]/g;

/** A name of which nothing is hidden: marks that turn the direction are written out. */
export function plainName(name: string): string {
  return name.replace(TURNING, (mark) => `[U+${mark.charCodeAt(0).toString(16).toUpperCase()}]`);
}
