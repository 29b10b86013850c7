import { describe, expect, it } from 'vitest';
import { keys, parseResultKey } from '#wire';
import { isOrphan, type Knowledge, type UploadedObject } from './orphans.js';

const DAY = 86_400_000;
const GRANT = 7 * DAY;
const NOW = new Date('2026-06-01T00:00:00Z');
const CLIENT = 'C.00000000000000aa';
const FLOW = 'F_00000000000000bb';
const NONCE = '0'.repeat(32);
const daysAgo = (days: number): Date => new Date(NOW.getTime() - days * DAY);

const collection = keys.analysis(FLOW, CLIENT, 'x', NONCE);
const file = keys.file(FLOW, CLIENT, '/etc/passwd', NONCE, '.gz');
const object = (key: string, age = 100): UploadedObject => ({
  key,
  bytes: 1,
  lastModified: daysAgo(age),
  result: parseResultKey(key),
});
const ended = (days: number, more: Partial<Knowledge> = {}): Knowledge => ({
  flow: { kind: 'known', endedAt: daysAgo(days) },
  pinned: false,
  answered: false,
  putAside: false,
  ...more,
});
const unknown = (): Knowledge => ({
  flow: { kind: 'none' },
  pinned: false,
  answered: false,
  putAside: false,
});

describe('isOrphan', () => {
  it.each<[string, UploadedObject, Knowledge, boolean]>([
    ['a collection that nothing names, long after', object(collection), ended(22), true],
    ['a collection that a ticket named', object(collection), ended(22, { pinned: true }), false],
    ['its flow ended 20 days ago: a late ticket may come', object(collection), ended(20), false],
    ['exactly when the last grant ends', object(collection), ended(21), true],
    [
      'its flow is not over, though it is a month old',
      object(collection, 30),
      ended(-1, { flow: { kind: 'known', endedAt: null } }),
      false,
    ],
    ['its own grant may still hold', object(collection, 6), ended(22), false],
    ['a file of a client that never answered', object(file), ended(22), true],
    ['a file of a client that answered: its ticket may name it', object(file), ended(22, { answered: true }), false],
    [
      'a collection of a client that answered, without naming it',
      object(collection),
      ended(22, { answered: true }),
      true,
    ],
    ['named by a ticket that was put aside', object(collection), ended(22, { putAside: true }), false],
    ['a flow that nobody ever launched', object(collection), unknown(), true],
    ['the same while it is young', object(collection, 6), unknown(), false],
    ['a key that no agent writes', object(`${CLIENT}/vfs/junk`), ended(0), true],
    ['the same while it is young', object(`${CLIENT}/vfs/junk`, 6), ended(0), false],
  ])('%s', (_what, of, known, expected) => {
    expect(isOrphan(of, known, NOW, GRANT)).toBe(expected);
  });
});
