import { describe, expect, test } from 'vitest';
import { overlaps, spanOf } from './networks';
import { draftOf, EMPTY, rangeOf, rangesOf } from './ranges';

describe('networks', () => {
  test('cover what they say', () => {
    expect(spanOf('10.1.2.3/8')).toEqual({ isIpv6: false, first: 10n << 24n, last: (11n << 24n) - 1n });
    expect(spanOf('192.0.2.1')).toMatchObject({ first: 0xc0000201n, last: 0xc0000201n });
    expect(spanOf('2001:db8::/32')?.first).toBe(0x20010db8n << 96n);
    expect(spanOf('::')).toEqual({ isIpv6: true, first: 0n, last: 0n });
    expect(spanOf('::/0')?.last).toBe((1n << 128n) - 1n);
  });

  test.each([
    '',
    '10.0.0',
    '10.0.0.256',
    '10.0.0.0/33',
    '10.0.0.0/x',
    '1::2::3',
    '2001:db8',
    'g::',
    '1:2:3:4:5:6:7:8:9',
  ])('%j is none', (text) => expect(spanOf(text)).toBeNull());

  test('that lie in those of other ranges are told, with the smallest around them', () => {
    const ranges = [
      { name: 'all', networks: ['10.0.0.0/8', '2001:db8::/32'] },
      { name: 'office', networks: ['10.1.0.0/16', '10.1.4.0/24', '198.51.100.0/24'] },
      { name: 'lab', networks: ['10.1.4.7', '2001:db8:1::/48'] },
    ];
    const told = overlaps(ranges).map(
      ({ range, network, inside }) => `${range} ${network} < ${inside.range} ${inside.network}`,
    );
    expect(told).toEqual([
      'office 10.1.0.0/16 < all 10.0.0.0/8',
      'office 10.1.4.0/24 < all 10.0.0.0/8',
      'lab 10.1.4.7 < office 10.1.4.0/24',
      'lab 2001:db8:1::/48 < all 2001:db8::/32',
    ]);
  });

  test('by the thousand are told at once', () => {
    const networks = Array.from({ length: 20_000 }, (_, place) => `10.${place >> 8}.${place & 255}.0/24`);
    expect(
      overlaps([
        { name: 'a', networks: ['10.0.0.0/8'] },
        { name: 'b', networks },
      ]),
    ).toHaveLength(20_000);
  });
});

describe('a range that is filled in', () => {
  test('has what was given, and nothing else', () => {
    const draft = {
      ...EMPTY,
      name: ' Office ',
      networks: '10.0.0.0/8\n 2001:db8::/32, 192.0.2.1',
      tags: 'office; berlin',
    };
    expect(rangeOf(draft)).toEqual({
      name: 'Office',
      networks: ['10.0.0.0/8', '2001:db8::/32', '192.0.2.1'],
      category: 'corporate',
      tags: ['office', 'berlin'],
    });
  });

  test('comes back as it was', () => {
    const range = {
      name: 'Office',
      networks: ['10.0.0.0/8', '192.0.2.1/32'],
      category: 'vpn',
      tags: ['office'],
      organization: 'Acme',
      place: { country: 'DE', city: 'Berlin', latitude: 52.5, longitude: 0 },
    };
    expect(rangeOf(draftOf(range))).toEqual(range);
  });
});

describe('CSV of ranges', () => {
  test('is read, with networks of one name together', () => {
    const csv =
      '\uFEFFname,Network,category,tags,city\r\nOffice,10.0.0.0/8,corporate,a;b,"Berlin, ""Mitte"""\r\n\r\nOffice,10.1.0.0/16\nVPN,192.0.2.1,vpn\n';
    expect(rangesOf(csv)).toEqual({
      ranges: [
        {
          name: 'Office',
          networks: ['10.0.0.0/8', '10.1.0.0/16'],
          category: 'corporate',
          tags: ['a', 'b'],
          place: { city: 'Berlin, "Mitte"' },
        },
        { name: 'VPN', networks: ['192.0.2.1'], category: 'vpn', tags: [] },
      ],
    });
  });

  test.each([
    ['', 1, 'columns'],
    ['name\nx', 1, 'columns'],
    ['name,network,colour\nx,10.0.0.0/8,red', 1, 'columns'],
    ['name,network\n\n,10.0.0.0/8', 3, 'name'],
    ['name,network\nx,', 2, 'network'],
    ['name,network\n"x,10.0.0.0/8', 2, 'quote'],
  ])('%j says its line and what is wrong', (csv, line, problem) => {
    expect(rangesOf(csv)).toEqual({ line, problem });
  });
});
