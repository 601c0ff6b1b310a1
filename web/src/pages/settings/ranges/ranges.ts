import type { NewRange, Place } from '../../../lib/api/schema';

export const CATEGORIES = ['administrative', 'cloud_provider', 'corporate', 'risky', 'vpn', 'other'] as const;

/** A range as somebody fills it in. */
export interface RangeDraft {
  name: string;
  networks: string;
  category: string;
  tags: string;
  organization: string;
  country: string;
  region: string;
  city: string;
  latitude: string;
  longitude: string;
}

export const EMPTY: RangeDraft = {
  name: '',
  networks: '',
  category: 'corporate',
  tags: '',
  organization: '',
  country: '',
  region: '',
  city: '',
  latitude: '',
  longitude: '',
};

export function draftOf(range: NewRange): RangeDraft {
  const place = range.place;
  return {
    name: range.name,
    networks: range.networks.join('\n'),
    category: range.category,
    tags: (range.tags ?? []).join(', '),
    organization: range.organization ?? '',
    country: place?.country ?? '',
    region: place?.region ?? '',
    city: place?.city ?? '',
    latitude: place?.latitude?.toString() ?? '',
    longitude: place?.longitude?.toString() ?? '',
  };
}

/** The range that somebody filled in. Whether it can be is for the server to say. */
export function rangeOf(draft: RangeDraft): NewRange {
  const place = placeOf(draft);
  return {
    name: draft.name.trim(),
    networks: pieces(draft.networks),
    category: draft.category,
    tags: pieces(draft.tags),
    ...(draft.organization.trim() ? { organization: draft.organization.trim() } : {}),
    ...(Object.keys(place).length > 0 ? { place } : {}),
  };
}

function placeOf({ country, region, city, latitude, longitude }: RangeDraft): Place {
  const place: Place = {};
  if (country.trim()) place.country = country.trim();
  if (region.trim()) place.region = region.trim();
  if (city.trim()) place.city = city.trim();
  if (latitude.trim()) place.latitude = Number(latitude);
  if (longitude.trim()) place.longitude = Number(longitude);
  return place;
}

function pieces(text: string): string[] {
  return text
    .split(/[\s,;]+/)
    .map((piece) => piece.trim())
    .filter(Boolean);
}

/** What was read of a table of ranges, or the line that can't be. */
export type Imported = { ranges: NewRange[] } | { line: number; problem: 'columns' | 'name' | 'network' | 'quote' };

const COLUMNS = Object.keys(EMPTY).map((column) => (column === 'networks' ? 'network' : column));

/**
 * Reads CSV whose first line names its columns: `name` and `network`, and any of `category`, `tags`, `organization`, `country`,
 * `region`, `city`, `latitude`, `longitude`. Lines of one name are networks of one range; what else they say stands in the first.
 */
export function rangesOf(csv: string): Imported {
  const rows = rowsOf(csv);
  if (!Array.isArray(rows)) return { line: rows.line, problem: 'quote' };
  const [header, ...lines] = rows;
  const names = (header?.cells ?? []).map((cell) => cell.trim().toLowerCase());
  if (!names.includes('name') || !names.includes('network') || names.some((name) => !COLUMNS.includes(name))) {
    return { line: header?.line ?? 1, problem: 'columns' };
  }
  const drafts = new Map<string, RangeDraft>();
  for (const { line, cells } of lines) {
    const value = (column: string) => cells[names.indexOf(column)]?.trim() ?? '';
    const name = value('name');
    const network = value('network');
    if (!name) return { line, problem: 'name' };
    if (!network) return { line, problem: 'network' };
    const draft = drafts.get(name);
    if (draft) draft.networks += `\n${network}`;
    else
      drafts.set(name, {
        ...EMPTY,
        ...Object.fromEntries(names.map((each) => [each, value(each)])),
        networks: network,
      });
  }
  return { ranges: [...drafts.values()].map((draft) => rangeOf({ ...draft, category: draft.category || 'other' })) };
}

interface Row {
  line: number;
  cells: string[];
}

/** The rows of CSV (RFC 4180) that are not empty, each with the number of its first line; the line of a quote that never ends. */
function rowsOf(csv: string): Row[] | { line: number } {
  const rows: Row[] = [];
  let row: Row = { line: 1, cells: [] };
  let cell = '';
  let line = 1;
  let quotedSince = 0;
  const end = () => {
    row.cells.push(cell);
    if (row.cells.some((each) => each.trim())) rows.push(row);
    row = { line: line + 1, cells: [] };
    cell = '';
  };
  const text = csv.replace(/^\uFEFF/, '').replaceAll('\r\n', '\n');
  for (let place = 0; place < text.length; place += 1) {
    const character = text[place];
    if (quotedSince > 0) {
      if (character !== '"') cell += character;
      else if (text[place + 1] === '"') {
        cell += '"';
        place += 1;
      } else quotedSince = 0;
    } else if (character === '"' && cell === '') quotedSince = line;
    else if (character === ',') {
      row.cells.push(cell);
      cell = '';
    } else if (character === '\n') end();
    else cell += character;
    if (character === '\n') line += 1;
  }
  if (quotedSince > 0) return { line: quotedSince };
  end();
  return rows;
}
