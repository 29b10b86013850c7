import { describe, expect, it } from 'vitest';
import type { StatusTicket } from '#wire';
import { judgeStatus, type Known } from './judge.js';

const IDENTITY = 'a'.repeat(64);
const DIGEST = 'd'.repeat(64);
const KEY = 'hunts/H_00000000000000f1/vfs/analysis/x/C.0000000000000001/n.sqlite.gz';
const created = new Date('2026-01-01T00:00:00Z');

const object = {
  key: KEY,
  name: 'x',
  stored_bytes: 100,
  stored_sha256: '',
  content_bytes: 1000,
  content_sha256: '',
  rows: { x: 5 },
  dropped_columns: [],
  null_coerced: 0,
};

const ticket = (more: object = {}): StatusTicket =>
  ({
    __type__: 'HuntStatus',
    flow_id: 'H_00000000000000f1',
    client_id: 'C.0000000000000001',
    attempt: 1,
    spec_digest: DIGEST,
    collections: [object],
    files: [],
    ...more,
  }) as unknown as StatusTicket;

const known = (more: Partial<Known> = {}, client: Partial<Known['client']> = {}): Known => ({
  client: {
    id: 'C.0000000000000001',
    identity: IDENTITY,
    acceptance: 'accepted',
    tombstoned: false,
    registeredAt: created,
    labels: new Set(['Lab']),
    ...client,
  },
  flow: { id: 'H_00000000000000f1', isHunt: true, clientId: null, labels: ['Lab', 'Windows'], createdAt: created },
  attempt: { specDigest: DIGEST, sampleBelow: null },
  declared: new Map([['x', { __type__: 'Collection', name: 'x', tables: [] }]]),
  objects: new Map([[KEY, { size: 100, etag: '"e"' }]]),
  ...more,
});

const reason = (t: StatusTicket, k: Known, occasion: 'intake' | 'rebuild' = 'intake', identity = IDENTITY) =>
  judgeStatus(t, identity, k, occasion)?.reason;

const hunt = known().flow!;

describe('a status ticket', () => {
  it('is good when everything that it claims holds', () => {
    expect(reason(ticket(), known())).toBeUndefined();
    expect(reason(ticket(), known({ flow: { ...hunt, labels: ['All'] } }, { labels: new Set() }))).toBeUndefined();
  });

  it('takes a file in parts by its index, as long as the index can have so many parts', () => {
    const key = 'hunts/H_00000000000000f1/vfs/files/C.0000000000000001/memory/n/index.json';
    const index = { key, stored_bytes: 2_207, stored_sha256: '', content_bytes: 300 * 2 ** 20, content_sha256: '' };
    const named = (more: object) => ticket({ collections: [], files: [{ ...index, ...more }] });
    const there = known({ objects: new Map([[key, { size: 2_207, etag: '"e"' }]]) });
    expect(reason(named({}), there)).toBeUndefined();
    expect(reason(named({ content_bytes: 2 ** 40 }), there)).toBe('object_mismatch');
  });

  it.each<[string, StatusTicket, Known, string]>([
    ['waits for acceptance', ticket(), known({}, { acceptance: 'waiting' }), 'not_accepted'],
    ['removed', ticket(), known({}, { tombstoned: true }), 'not_accepted'],
    ['no such flow', ticket(), known({ flow: undefined }), 'unknown_flow'],
    ['no such attempt', ticket(), known({ attempt: undefined }), 'digest_mismatch'],
    ['another spec', ticket({ spec_digest: 'e'.repeat(64) }), known(), 'digest_mismatch'],
    ['other labels', ticket(), known({}, { labels: new Set(['Linux']) }), 'not_in_target'],
    [
      'another’s flow',
      ticket(),
      known({ flow: { ...hunt, isHunt: false, clientId: 'C.2', labels: [] } }),
      'not_in_target',
    ],
    ['nothing there', ticket(), known({ objects: new Map() }), 'object_missing'],
    ['a collection that nobody asked for', ticket(), known({ declared: new Map() }), 'object_mismatch'],
    ['one object twice', ticket({ collections: [object, object] }), known(), 'object_mismatch'],
    ['another size', ticket(), known({ objects: new Map([[KEY, { size: 99, etag: '' }]]) }), 'object_mismatch'],
    ['a bomb', ticket({ collections: [{ ...object, content_bytes: 1_000_000 }] }), known(), 'object_mismatch'],
    [
      'more rows than bytes',
      ticket({ collections: [{ ...object, rows: { x: 600, y: 600 } }] }),
      known(),
      'object_mismatch',
    ],
    ['files that are not there', ticket({ files: [{ ...object, key: 'other' }] }), known(), 'object_missing'],
    [
      'a list of files that is not there',
      ticket({ files_collection: { ...object, key: 'o' } }),
      known(),
      'object_missing',
    ],
  ])('is put aside: %s', (_, t, k, expected) => {
    expect(reason(t, k)).toBe(expected);
  });

  it('claims no collection that the reader would refuse to unpack: beyond 16 MiB, 200 times what is stored', () => {
    const collection = (stored_bytes: number, content_bytes: number): string | undefined => {
      const claim = { ...object, stored_bytes, content_bytes };
      const objects = new Map([[KEY, { size: stored_bytes, etag: '' }]]);
      return reason(ticket({ collections: [claim] }), known({ objects }));
    };
    expect(collection(100_000, 20_000_000)).toBeUndefined();
    expect(collection(100_000, 20_000_001)).toBe('object_mismatch');
    expect(collection(16_000, 16_000_000)).toBeUndefined();
    // an uploaded file is not unpacked: zeros may be as many as gzip can make of them
    const zeros = { ...object, key: 'z', name: undefined, stored_bytes: 100_000, content_bytes: 100_000_000 };
    const both = new Map([...known().objects, ['z', { size: 100_000, etag: '' }]]);
    expect(reason(ticket({ files: [zeros] }), known({ objects: both }))).toBeUndefined();
  });

  it('is of the pinned key', () => {
    expect(reason(ticket(), known(), 'intake', 'b'.repeat(64))).toBe('key_conflict');
    expect(reason(ticket(), known(), 'rebuild', 'b'.repeat(64))).toBe('key_conflict');
  });

  it('of a sample comes from below it, and from who was registered then', () => {
    // first 16 hex digits of SHA-256 of "H_00000000000000f1C.0000000000000001", by sha256sum
    const position = 'aa7d9c293664f0f2';
    const sampled = (sampleBelow: string): Partial<Known> => ({ attempt: { specDigest: DIGEST, sampleBelow } });
    expect(reason(ticket(), known(sampled('ffffffffffffffff')))).toBeUndefined();
    expect(reason(ticket(), known(sampled(position)))).toBe('not_in_sample');
    expect(reason(ticket(), known(sampled('aa7d9c293664f0f3')))).toBeUndefined();
    const later = { registeredAt: new Date(created.getTime() + 1) };
    expect(reason(ticket(), known(sampled('ffffffffffffffff'), later))).toBe('not_in_sample');
  });

  it('that was taken in before is not judged by what changed since', () => {
    expect(reason(ticket(), known({ objects: new Map() }, { tombstoned: true }), 'rebuild')).toBeUndefined();
    const other = known({ objects: new Map([[KEY, { size: 99, etag: '' }]]) });
    expect(reason(ticket(), other, 'rebuild')).toBe('object_mismatch');
  });
});
