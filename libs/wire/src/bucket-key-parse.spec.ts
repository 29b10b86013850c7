import { describe, expect, it } from 'vitest';
import { isResultKey, keys, parseResultKey, parseTicketKey } from './index.js';

const C = 'C.6db7081c81150a83';
const F = 'F_00000000000000f1';
const H = 'H_00000000000000a1';
const N = '00112233445566778899aabbccddeeff';
const SECRET = 'b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1';
/** What sha256sum says of 820 times a. */
const A820 = 'a2840c26fea8288d876dc43040c44cfee100a29af0367d77b20eb2cc086ab47e';

describe('parseTicketKey', () => {
  it.each([
    [`tickets/Startup/${C}/${N}-0.json`, { kind: 'Startup', clientId: C, nonce: N, seq: 0 }],
    [`tickets/FlowStatus/${F}/${C}/${N}-17.json`, { kind: 'FlowStatus', flowId: F, clientId: C, nonce: N, seq: 17 }],
    [
      `tickets/HuntStatus/${H}/${C}/${N}-9007199254740991.json`,
      { kind: 'HuntStatus', flowId: H, clientId: C, nonce: N, seq: 9007199254740991 },
    ],
  ])('reads %s', (key, expected) => {
    expect(parseTicketKey(key)).toEqual(expected);
  });

  it.each([
    '',
    'tickets/',
    `tickets/Startup/${C}/`,
    `tickets/Startup/${C}/${N}.json`,
    `tickets/Startup/${C}/${N}-.json`,
    `tickets/Startup/${C}/${N}-01.json`,
    `tickets/Startup/${C}/${N}--1.json`,
    `tickets/Startup/${C}/${N}-9007199254740992.json`,
    `tickets/Startup/${C}/${N}-10000000000000000.json`,
    `tickets/Startup/${C}/${N}-0.json.gz`,
    `tickets/Startup/${C}/${N}-0.json\n`,
    `/tickets/Startup/${C}/${N}-0.json`,
    `x/tickets/Startup/${C}/${N}-0.json`,
    `tickets//Startup/${C}/${N}-0.json`,
    `tickets/Startup/../${C}/${N}-0.json`,
    `tickets/Startup/${C}/../${N}-0.json`,
    `tickets/Startup/${F}/${C}/${N}-0.json`,
    `tickets/Startup/C.6DB7081C81150A83/${N}-0.json`,
    `tickets/startup/${C}/${N}-0.json`,
    `tickets/FlowStatus/${H}/${C}/${N}-0.json`,
    `tickets/HuntStatus/${F}/${C}/${N}-0.json`,
    `tickets/FlowStatus/${C}/${N}-0.json`,
    `tickets/FlowStatus/${F}/${C}/${N.slice(1)}-0.json`,
    `tickets/FlowStatus/${F}/${C}/${N}0-0.json`,
    `tickets/FlowStatus/${F}/C.6db7081c81150a8/${N}-0.json`,
    `tickets/FlowStatus/${F}%2f${C}/${N}-0.json`,
    `tickets/FlowStatus/${F}/${C}/x/${N}-0.json`,
    `tickets/FlowStatus/${F}/${C}/${N}-٣.json`,
  ])('gives nothing for %j', (key) => {
    expect(parseTicketKey(key)).toBeUndefined();
  });

  it('reads what the builders build', () => {
    expect(parseTicketKey(keys.startupTicket(C, N, 5))).toMatchObject({ kind: 'Startup', seq: 5 });
    expect(parseTicketKey(keys.statusTicket(F, C, N, 2 ** 53 - 1))).toMatchObject({ seq: 2 ** 53 - 1 });
  });
});

describe('isResultKey', () => {
  const other = 'C.074f759cc5d86622';
  const paths: (string | Uint8Array)[] = [
    '',
    '/',
    '.',
    '..',
    '/../../../etc/shadow',
    '/.hidden/..x/x..',
    '...',
    '!long',
    '!long/x',
    '/%2e%2e/',
    '//a//b//',
    'a\0b',
    'a\nb',
    '\\\\server\\share',
    'café/文/😀',
    `/x/${N}`,
    `/x/${N}.gz/index.json`,
    `${other}/vfs/files/${F}/${N}`,
    'a'.repeat(2000),
    '/deep'.repeat(400),
    '.'.repeat(600),
    Uint8Array.from({ length: 255 }, (_, i) => i + 1),
    new Uint8Array(299).fill(0xff),
    Uint8Array.of(0x2f),
    Uint8Array.of(0xc3, 0x28, 0x2f, 0x80),
  ];
  it.each(paths)('takes every key built for the path %j, for its own flow and client only', (path) => {
    for (const flow of [F, H]) {
      const built = [
        keys.listing(flow, C, path, N),
        keys.file(flow, C, path, N, ''),
        keys.file(flow, C, path, N, '.gz'),
        keys.file(flow, C, path, N, '/index.json'),
        keys.file(flow, C, path, N, { part: 0 }),
        keys.file(flow, C, path, N, { part: 99_999 }),
      ];
      for (const key of built) {
        expect(Buffer.byteLength(key)).toBeLessThanOrEqual(900);
        expect([key, isResultKey(key, flow, C)]).toEqual([key, true]);
        expect(isResultKey(key, flow, other)).toBe(false);
        expect(isResultKey(key, flow === F ? 'F_00000000000000f2' : 'H_00000000000000a2', C)).toBe(false);
        expect(isResultKey(key, flow === F ? H : F, C)).toBe(false);
      }
    }
  });

  it.each(['pslist', 'a', 'x'.repeat(64), '..', 'a/b', 'é'])('takes collections named %j', (name) => {
    for (const flow of [F, H]) expect(isResultKey(keys.analysis(flow, C, name, N), flow, C)).toBe(true);
  });

  const A = `${C}/vfs/analysis/${F}`;
  it.each([
    '',
    `${A}/pslist/${N}.sqlite`,
    `${A}/pslist/${N}`,
    `${A}/pslist/${N}.sqlite.gz\n`,
    `${A}/pslist/.sqlite.gz`,
    `${A}/pslist/${N.slice(1)}.sqlite.gz`,
    `${A}/pslist/${N.toUpperCase()}.sqlite.gz`,
    `${A}/${N}.sqlite.gz`,
    `${A}//${N}.sqlite.gz`,
    `${A}/../${N}.sqlite.gz`,
    `${A}/./${N}.sqlite.gz`,
    `${A}/.pslist/${N}.sqlite.gz`,
    `${A}/pslist./${N}.sqlite.gz`,
    `${A}/a/b/${N}.sqlite.gz`,
    `${A}/!zz/${N}.sqlite.gz`,
    `${A}/!2/${N}.sqlite.gz`,
    `${A}/!long/${N}.sqlite.gz`,
    `${A}/ps%20list/${N}.sqlite.gz`,
    `${A}/ps list/${N}.sqlite.gz`,
    `${A}/é/${N}.sqlite.gz`,
    `/${A}/pslist/${N}.sqlite.gz`,
    `x/${A}/pslist/${N}.sqlite.gz`,
    `${C}/analysis/${F}/pslist/${N}.sqlite.gz`,
    `C!6db7081c81150a83/vfs/analysis/${F}/pslist/${N}.sqlite.gz`,
    `Cx6db7081c81150a83/vfs/analysis/${F}/pslist/${N}.sqlite.gz`,
    `${other}/vfs/analysis/${F}/pslist/${N}.sqlite.gz`,
    `${C}/vfs/analysis/F_00000000000000f2/pslist/${N}.sqlite.gz`,
    `hunts/${H}/vfs/analysis/pslist/${C}/${N}.sqlite.gz`,
    `public/${SECRET}/manifest`,
    `flows/${F}/0.json`,
    `tickets/Startup/${C}/${N}-0.json`,
    `${C}/vfs/files/${F}/etc/../${other}/${N}`,
    `${C}/vfs/files/${F}/etc//passwd/${N}`,
    `${C}/vfs/files/${F}/etc/passwd`,
    `${C}/vfs/files/${F}/etc/${N}/part-1.gz`,
    `${C}/vfs/files/${F}/etc/${N}/part-000001.gz`,
    `${C}/vfs/files/${F}/etc/${N}/index.json.gz`,
    `${C}/vfs/files/${F}/etc/${N}.sqlite.gz`,
    `${C}/vfs/files/${F}/!long/x/${N}`,
    `${C}/vfs/files/${F}/!long/${A820}/more/${N}`,
    `${C}/vfs/collections/${F}/etc/${N}`,
    `${C}/vfs/files/${F}/${'a'.repeat(820)}/${N}`,
  ])('refuses %j', (key) => {
    expect(isResultKey(key, F, C)).toBe(false);
  });

  it.each([
    `hunts/${H}/vfs/analysis/pslist/${other}/${N}.sqlite.gz`,
    `hunts/${H}/vfs/analysis/pslist/${other}/../${C}/${N}.sqlite.gz`,
    `hunts/${H}/vfs/analysis/${C}/${N}.sqlite.gz`,
    `hunts/H_00000000000000a2/vfs/analysis/pslist/${C}/${N}.sqlite.gz`,
    `hunts/${H}/vfs/files/${other}/etc/${C}/${N}`,
    `hunts/${H}/vfs/files/etc/${C}/${N}`,
    `hunts/${H}/vfs/collections/etc/${C}/${N}`,
    `hunts/${H}/vfs/collections/${C}/etc/${N}.sqlite.gz`,
    `hunts/${H}/vfs/collections/../${C}/${N}.sqlite.gz`,
    `hunts/${H}/vfs//collections/${C}/${N}.sqlite.gz`,
    `${C}/vfs/analysis/${H}/pslist/${N}.sqlite.gz`,
  ])('refuses for a hunt %j', (key) => {
    expect(isResultKey(key, H, C)).toBe(false);
  });

  it('does not choke on a key made to be slow: a thousand such, or the test runs out of time', () => {
    const slow = `${C}/vfs/files/${F}/${'a.'.repeat(400)}/`;
    for (let i = 0; i < 1000; i++) expect(isResultKey(slow, F, C)).toBe(false);
  });
});

describe('parseResultKey', () => {
  it.each([
    [keys.analysis(F, C, 'x', N), { flowId: F, clientId: C, kind: 'analysis' }],
    [keys.analysis(H, C, 'x', N), { flowId: H, clientId: C, kind: 'analysis' }],
    [keys.listing(F, C, '/etc', N), { flowId: F, clientId: C, kind: 'collections' }],
    [keys.listing(H, C, '/etc', N), { flowId: H, clientId: C, kind: 'collections' }],
    [keys.file(F, C, '/etc/passwd', N, '.gz'), { flowId: F, clientId: C, kind: 'files' }],
    [keys.file(H, C, '/etc/passwd', N, { part: 7 }), { flowId: H, clientId: C, kind: 'files' }],
  ])('%s', (key, expected) => {
    expect(parseResultKey(key)).toEqual(expected);
  });

  it.each([`${C}/vfs/junk`, `${C}/vfs/files/${H}/x/${N}`, `hunts/${F}/vfs/files/${C}/${N}`, 'hunts/x', C, ''])(
    'nothing of ours: %s',
    (key) => {
      expect(parseResultKey(key)).toBeUndefined();
    },
  );
});
