import { isMap, isScalar, isSeq, parseAllDocuments, type Document, type ParsedNode, type YAMLMap } from 'yaml';

type Parsed = Document.Parsed<ParsedNode>;

/** The Sigma documents in the text of a policy. */
export interface Documents {
  all: Parsed[];
  /** The one that carries `drishti`, else the correlation, else the first rule: as the server reads it. */
  main: Parsed;
}

export interface Unreadable {
  line: number | null;
  problem: string;
}

/** Reads a text; what is no YAML, or no mapping, is told with its line. */
export function readDocuments(text: string): Documents | Unreadable {
  // The engine of the server is stricter: it says more.
  const all = parseAllDocuments(text, { version: '1.2', logLevel: 'silent' });
  if (!Array.isArray(all)) return { line: null, problem: '' };
  const documents = all.filter((document) => document.contents !== null || document.errors.length > 0);
  for (const document of documents) {
    const [error] = document.errors;
    if (error) return { line: error.linePos?.[0].line ?? null, problem: error.message.split('\n')[0] ?? '' };
    if (!isMap(document.contents)) return { line: null, problem: '' };
  }
  const has = (key: string) => documents.find((document) => document.has(key));
  const main = has('drishti') ?? documents.findLast((document) => document.has('correlation')) ?? has('detection');
  const first = main ?? documents[0];
  return first ? { all: documents, main: first } : { line: null, problem: '' };
}

export function isReadable(read: Documents | Unreadable): read is Documents {
  return 'all' in read;
}

/** The text of documents. What was not touched keeps its words and comments. */
export function written(documents: readonly Parsed[]): string {
  const texts = documents.map((document, place) => {
    document.directives.docStart = place > 0 ? true : null;
    return document.toString({ lineWidth: 0, indentSeq: true, flowCollectionPadding: false });
  });
  return texts.join('');
}

/** A text at a path of keys; empty where there is none. */
export function textAt(document: Parsed, ...path: string[]): string {
  const value: unknown = document.getIn(path);
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

/** Texts at a path: a list of them, or one alone. */
export function textsAt(document: Parsed, ...path: string[]): string[] {
  const node: unknown = document.getIn(path, true);
  if (isScalar(node)) return node.value === null ? [] : [String(node.value)];
  if (!isSeq(node)) return [];
  return node.items.flatMap((item) => (isScalar(item) && item.value !== null ? [String(item.value)] : []));
}

/** Sets a value at a path, or takes the key away. */
export function put(document: Parsed, path: readonly string[], value: unknown): void {
  if (value === undefined) {
    document.deleteIn(path);
    return;
  }
  for (let length = 1; length < path.length; length += 1) {
    const above = path.slice(0, length);
    if (!isMap(document.getIn(above, true))) document.setIn(above, document.createNode({}));
  }
  document.setIn(path, document.createNode(value));
}

/** The keys and plain values of a mapping; null where the node is none. */
export function entriesOf(node: unknown): [string, unknown][] | null {
  if (!isMap(node)) return null;
  const map: YAMLMap = node;
  return map.items.map(({ key, value }) => {
    const name = isScalar(key) ? String(key.value) : String(key);
    const plain: unknown = isScalar(value) || isSeq(value) || isMap(value) ? value.toJSON() : value;
    return [name, plain];
  });
}
