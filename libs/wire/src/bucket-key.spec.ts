import { describe, expect, it } from 'vitest';
import {
  archivedAt,
  escapePart,
  escapePath,
  isResultKey,
  keys,
  Refusal,
  resultsPrefix,
  statusPrefix,
} from './index.js';

const C = 'C.6db7081c81150a83';
const F = 'F_00000000000000f1';
const H = 'H_00000000000000a1';
const N = '00112233445566778899aabbccddeeff';
const SECRET = 'b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1';
const QUEUE = 'a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1';
/* sha256sum of 820 times a, of 300 times /deep, of 299 bytes 0xff */
const A820 = 'a2840c26fea8288d876dc43040c44cfee100a29af0367d77b20eb2cc086ab47e';
const DEEP = '7112445d0785238d0ee341fe21016116788333a0b55be1c496b42cf4cfc1be5f';
const FF = '147148c5b91e6a3801d3a97706e90c7ec98c15182dc5cb41b4fc1556317f5aab';

it('the time of an archive object is in its key', () => {
  const at = new Date('2026-03-01T12:00:00.000Z');
  expect(archivedAt('ledger/2026/03/01/1772366400000-a1a1a1a1a1a1a1a1-2cf24dba5fb0a30e.jsonl.gz')).toEqual(at);
  expect(archivedAt('ledger/2026/03/01/notes.txt')).toBeUndefined();
});

describe('every kind of key', () => {
  it.each([
    [keys.manifest(SECRET), 'public/b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1/manifest'],
    [keys.jobs(SECRET, QUEUE), 'public/b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1/jobs/a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1'],
    [keys.ticketsPrefix, 'tickets/'],
    [keys.startupTicket(C, N, 0), 'tickets/Startup/C.6db7081c81150a83/00112233445566778899aabbccddeeff-0.json'],
    [
      keys.statusTicket(F, C, N, 41),
      'tickets/FlowStatus/F_00000000000000f1/C.6db7081c81150a83/00112233445566778899aabbccddeeff-41.json',
    ],
    [
      keys.statusTicket(H, C, N, 9007199254740991),
      'tickets/HuntStatus/H_00000000000000a1/C.6db7081c81150a83/00112233445566778899aabbccddeeff-9007199254740991.json',
    ],
    [keys.statusTicketsOf(F, C), 'tickets/FlowStatus/F_00000000000000f1/C.6db7081c81150a83/'],
    [keys.statusTicketsOf(H, C), 'tickets/HuntStatus/H_00000000000000a1/C.6db7081c81150a83/'],
    [statusPrefix(F), 'tickets/FlowStatus/F_00000000000000f1/'],
    [statusPrefix(H), 'tickets/HuntStatus/H_00000000000000a1/'],
    [resultsPrefix(F, C), 'C.6db7081c81150a83/vfs/'],
    [resultsPrefix(H, C), 'hunts/H_00000000000000a1/vfs/'],
    [
      keys.analysis(F, C, 'pslist', N),
      'C.6db7081c81150a83/vfs/analysis/F_00000000000000f1/pslist/00112233445566778899aabbccddeeff.sqlite.gz',
    ],
    [
      keys.analysis(H, C, 'pslist', N),
      'hunts/H_00000000000000a1/vfs/analysis/pslist/C.6db7081c81150a83/00112233445566778899aabbccddeeff.sqlite.gz',
    ],
    [
      keys.listing(F, C, '/etc/ssl', N),
      'C.6db7081c81150a83/vfs/collections/F_00000000000000f1/etc/ssl/00112233445566778899aabbccddeeff.sqlite.gz',
    ],
    [
      keys.listing(F, C, '/', N),
      'C.6db7081c81150a83/vfs/collections/F_00000000000000f1/00112233445566778899aabbccddeeff.sqlite.gz',
    ],
    [
      keys.listing(H, C, '/etc/ssl', N),
      'hunts/H_00000000000000a1/vfs/collections/etc/ssl/C.6db7081c81150a83/00112233445566778899aabbccddeeff.sqlite.gz',
    ],
    [
      keys.file(F, C, '/etc/passwd', N, ''),
      'C.6db7081c81150a83/vfs/files/F_00000000000000f1/etc/passwd/00112233445566778899aabbccddeeff',
    ],
    [
      keys.file(H, C, '/etc/passwd', N, '.gz'),
      'hunts/H_00000000000000a1/vfs/files/C.6db7081c81150a83/etc/passwd/00112233445566778899aabbccddeeff.gz',
    ],
    [
      keys.file(F, C, '/var/big', N, { part: 7 }),
      'C.6db7081c81150a83/vfs/files/F_00000000000000f1/var/big/00112233445566778899aabbccddeeff/part-00007.gz',
    ],
    [
      keys.file(F, C, '/var/big', N, '/index.json'),
      'C.6db7081c81150a83/vfs/files/F_00000000000000f1/var/big/00112233445566778899aabbccddeeff/index.json',
    ],
    [keys.flowRecord(H, 12), 'flows/H_00000000000000a1/12.json'],
    [keys.flowRecord(F, 0), 'flows/F_00000000000000f1/0.json'],
    [keys.flowRecordsOf(F), 'flows/F_00000000000000f1/'],
    [keys.flowsPrefix, 'flows/'],
    [keys.clientRecord(C, 3), 'clients/C.6db7081c81150a83/3.json'],
    [keys.clientsPrefix, 'clients/'],
    [keys.ledgerPrefix, 'ledger/'],
    [keys.quarantinePrefix, 'quarantine/'],
    [keys.ledgerFrom('quarantine', new Date('2026-03-01T12:00:00.000Z')), 'quarantine/2026/03/01/1772366400000'],
    [
      keys.ledger('ledger', new Date('2026-03-01T12:00:00.000Z'), QUEUE, Buffer.from('hello')),
      'ledger/2026/03/01/1772366400000-a1a1a1a1a1a1a1a1-2cf24dba5fb0a30e.jsonl.gz',
    ],
    [
      keys.ledger('quarantine', new Date('2026-12-31T23:59:59.999Z'), QUEUE, Buffer.from('hello')),
      'quarantine/2026/12/31/1798761599999-a1a1a1a1a1a1a1a1-2cf24dba5fb0a30e.jsonl.gz',
    ],
  ])('%s', (key, expected) => {
    expect(key).toBe(expected);
  });
});

describe('escaping', () => {
  it.each<[string | Uint8Array, string]>([
    ['plain-Name_09.txt', 'plain-Name_09.txt'],
    ['.', '!2e'],
    ['..', '!2e!2e'],
    ['...', '!2e.!2e'],
    ['.bashrc', '!2ebashrc'],
    ['end.', 'end!2e'],
    ['a..b', 'a..b'],
    ['a/b', 'a!2fb'],
    ['a\0b', 'a!00b'],
    ['%2e%2e', '!252e!252e'],
    ['!', '!21'],
    ['!2e', '!212e'],
    ['!long', '!21long'],
    ['a b\n', 'a!20b!0a'],
    ['C:\\x', 'C!3a!5cx'],
    ['café', 'caf!c3!a9'],
    ['文', '!e6!96!87'],
    ['😀', '!f0!9f!98!80'],
    [Uint8Array.of(0x80, 0x41, 0xff), '!80A!ff'],
    [Uint8Array.of(0xc3, 0x28), '!c3!28'],
    [Uint8Array.of(0x7f, 0x1f), '!7f!1f'],
    ['', ''],
  ])('of the part %j is %s', (part, expected) => {
    expect(escapePart(part)).toBe(expected);
  });

  it('changes every byte but letters, digits, - and _', () => {
    const plain = Array.from({ length: 256 }, (_, byte) => byte).filter((byte) => {
      const escaped = escapePart(Uint8Array.of(0x61, byte, 0x61));
      const hex = byte.toString(16).padStart(2, '0');
      if (escaped === `a!${hex}a`) return false;
      expect(escaped).toBe(`a${String.fromCharCode(byte)}a`);
      return true;
    });
    expect(String.fromCharCode(...plain)).toBe('-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz');
  });

  it.each<[string | Uint8Array, string]>([
    ['/etc/passwd', 'etc/passwd'],
    ['etc//passwd/', 'etc/passwd'],
    ['/', ''],
    ['', ''],
    ['/../../x', '!2e!2e/!2e!2e/x'],
    ['/./a', '!2e/a'],
    ['/%2e%2e/x', '!252e!252e/x'],
    ['..\\..\\x', '!2e.!5c..!5cx'],
    [Uint8Array.of(0x2f, 0xff, 0x2f, 0x2e), '!ff/!2e'],
  ])('of the path %j is %s', (path, expected) => {
    expect(escapePath(path)).toBe(expected);
  });
});

describe('a key of more than 900 bytes', () => {
  const before = `${C}/vfs/files/${F}/`;
  it('carries the hash of the raw path instead of it', () => {
    expect(keys.file(F, C, 'a'.repeat(819), N, '')).toBe(`${before}${'a'.repeat(819)}/${N}`);
    expect(keys.file(F, C, 'a'.repeat(819), N, '')).toHaveLength(900);
    expect(keys.file(F, C, 'a'.repeat(820), N, '')).toBe(`${before}!long/${A820}/${N}`);
    expect(keys.file(F, C, '/deep'.repeat(300), N, { part: 0 })).toBe(`${before}!long/${DEEP}/${N}/part-00000.gz`);
    expect(keys.file(F, C, new Uint8Array(299).fill(0xff), N, '.gz')).toBe(`${before}!long/${FF}/${N}.gz`);
    expect(keys.listing(H, C, '/deep'.repeat(300), N)).toBe(
      `hunts/${H}/vfs/collections/!long/${DEEP}/${C}/${N}.sqlite.gz`,
    );
  });
});

describe('what cannot be part of a key', () => {
  const hostile = [
    '',
    '..',
    '../x',
    'C.',
    `${C}/`,
    `${C}\n`,
    ` ${C}`,
    C.toUpperCase(),
    `${C}0`,
    'C.6db7081c81150a8/',
    H,
  ];
  it.each(hostile)('client id %j', (id) => {
    for (const make of [
      () => keys.startupTicket(id, N, 0),
      () => keys.statusTicket(F, id, N, 0),
      () => keys.statusTicketsOf(H, id),
      () => keys.analysis(F, id, 'x', N),
      () => keys.analysis(H, id, 'x', N),
      () => keys.listing(F, id, '/x', N),
      () => keys.listing(H, id, '/x', N),
      () => keys.file(F, id, '/x', N, ''),
      () => keys.file(H, id, '/x', N, ''),
      () => keys.clientRecord(id, 0),
      () => resultsPrefix(F, id),
      () => isResultKey('x', F, id),
    ])
      expect(make).toThrow(expect.objectContaining({ code: 'bad-key' }) as Refusal);
  });

  it.each(['', '..', 'F_', 'F_../../x', `${F}/..`, `${F}\n`, F.toUpperCase(), 'H_00000000000000a1/', C])(
    'flow id %j',
    (id) => {
      for (const make of [
        () => keys.statusTicket(id, C, N, 0),
        () => keys.statusTicketsOf(id, C),
        () => keys.analysis(id, C, 'x', N),
        () => keys.listing(id, C, '/x', N),
        () => keys.file(id, C, '/x', N, ''),
        () => keys.flowRecord(id, 0),
        () => keys.flowRecordsOf(id),
        () => statusPrefix(id),
        () => isResultKey('x', id, C),
      ])
        expect(make).toThrow(expect.objectContaining({ code: 'bad-key' }) as Refusal);
    },
  );

  it.each(['', '../manifest', N.toUpperCase(), N.slice(1), `${N}0`, `${N}\n`, `${N.slice(2)}/.`])('nonce %j', (n) => {
    for (const make of [
      () => keys.startupTicket(C, n, 0),
      () => keys.statusTicket(F, C, n, 0),
      () => keys.analysis(F, C, 'x', n),
      () => keys.listing(H, C, '/x', n),
      () => keys.file(F, C, '/x', n, ''),
      () => keys.manifest(n),
      () => keys.jobs(n, QUEUE),
      () => keys.jobs(SECRET, n),
      () => keys.ledger('ledger', new Date(0), n, Buffer.alloc(0)),
    ])
      expect(make).toThrow(expect.objectContaining({ code: 'bad-key' }) as Refusal);
  });

  it.each([-1, 0.5, Number.NaN, Infinity, 2 ** 53])('sequence number %d', (seq) => {
    for (const make of [
      () => keys.startupTicket(C, N, seq),
      () => keys.statusTicket(H, C, N, seq),
      () => keys.flowRecord(F, seq),
      () => keys.clientRecord(C, seq),
    ])
      expect(make).toThrow(Refusal);
  });

  it('a part number of more than five digits, and a collection name that is empty or too long', () => {
    for (const part of [-1, 100_000, 1.5, Number.NaN])
      expect(() => keys.file(F, C, '/x', N, { part })).toThrow(Refusal);
    expect(keys.file(F, C, '', N, { part: 99_999 })).toBe(`${C}/vfs/files/${F}/${N}/part-99999.gz`);
    for (const name of ['', 'x'.repeat(256)]) expect(() => keys.analysis(F, C, name, N)).toThrow(Refusal);
  });
});
