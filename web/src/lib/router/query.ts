/** The state of a view as it stands in its address: names with one or more texts. Empty texts are left out. */
export type Query = Record<string, string | string[] | undefined | null>;

/** Parts of an address that are given anew; the others stay as they are. */
export function changed(search: string, changes: Query): string {
  const parameters = new URLSearchParams(search);
  for (const [name, value] of Object.entries(changes)) {
    parameters.delete(name);
    const values = Array.isArray(value) ? value : [value];
    for (const each of values) if (each) parameters.append(name, each);
  }
  return asSearch(parameters);
}

/** An address of a page and its state. */
export function address(path: string, query: Query = {}): string {
  return path + changed('', query);
}

/** `a` and `b` as a person would write them: colons and slashes stay readable. */
function asSearch(parameters: URLSearchParams): string {
  const text = parameters.toString().replaceAll('%3A', ':').replaceAll('%2F', '/').replaceAll('%40', '@');
  return text ? `?${text}` : '';
}

/** Puts a value into a list of values, or takes it out. */
export function toggled(values: readonly string[], value: string): string[] {
  return values.includes(value) ? values.filter((each) => each !== value) : [...values, value];
}
