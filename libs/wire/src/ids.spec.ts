import { createPrivateKey, createPublicKey } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  clientIdOf,
  identityOf,
  Instant,
  Label,
  labelQueue,
  newFlowId,
  newHuntId,
  randomHex32,
  samplePosition,
} from './index.js';

/* All expected values are from `sha256sum`, `openssl dgst -sha256 -mac HMAC` and `openssl pkey -pubout`. */

describe('a client id', () => {
  it('is the start of the SHA-256 of the DER public key', () => {
    const key = createPrivateKey(
      '-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n-----END PRIVATE KEY-----\n',
    );
    const der = createPublicKey(key).export({ type: 'spki', format: 'der' });
    expect(der.toString('hex')).toBe(
      '302a300506032b6570032100d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    );
    const identity = identityOf(der);
    expect(identity).toBe('06e3fd8fda29bb60ab59557de61edb0aecdb231134be30e75b455f8e1b792fa9');
    expect(clientIdOf(identity)).toBe('C.06e3fd8fda29bb60');
  });
});

describe('the place in a sample', () => {
  it.each([
    ['H_00000000000000a1', 'C.6db7081c81150a83', 'b2f4cffb10a71d9e'],
    ['F_0123456789abcdef', 'C.0123456789abcdef', '54939ece09bca53d'],
    ['H_ffffffffffffffff', 'C.0000000000000000', 'abb75d348f4b3bb7'],
  ])('of %s and %s is %s', (flow, client, expected) => {
    expect(samplePosition(flow, client)).toBe(expected);
  });
});

describe('the queue of a label', () => {
  const key = Buffer.from('000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f', 'hex');
  it.each([
    ['All', 1, '2c4c0bae4c165dea77fe4297417e52c0'],
    ['All', 2, 'e1a1f890977dd93c8852f78009e2698b'],
    ['web-servers', 12, '761e211d4615e533f473eb234a2165b0'],
  ])('%s, generation %d, is %s', (label, generation, expected) => {
    expect(labelQueue(key, label, generation)).toBe(expected);
  });

  it('depends on the key, and a label that is none has no queue', () => {
    expect(labelQueue(Buffer.alloc(32), 'All', 1)).not.toBe('2c4c0bae4c165dea77fe4297417e52c0');
    expect(() => labelQueue(key, '../x', 1)).toThrow(/a label is a letter/);
  });
});

describe('patterns', () => {
  it.each(['a', 'All', 'web-servers', 'A.b_c-9', 'x'.repeat(64)])('label %j', (label) => {
    expect(Label.safeParse(label).success).toBe(true);
  });
  it.each(['', '9a', '-a', '.a', 'a b', 'a/b', 'é', 'a\n', 'x'.repeat(65)])('no label %j', (label) => {
    expect(Label.safeParse(label).success).toBe(false);
  });
  it.each(['2026-02-28T23:59:59.999Z', '2028-02-29T00:00:00.000Z'])('time %s', (time) => {
    expect(Instant.safeParse(time).success).toBe(true);
  });
  it.each([
    '2026-02-30T00:00:00.000Z',
    '2026-03-01T00:00:00Z',
    '2026-03-01T00:00:00.0000Z',
    '2026-03-01T00:00:00.000+00:00',
    '2026-03-01T00:00:00.000',
    '2026-03-01 00:00:00.000Z',
    '2026-03-01T24:00:00.000Z',
    '1772366400000',
  ])('no time %s', (time) => {
    expect(Instant.safeParse(time).success).toBe(false);
  });
  it('new ids fit them and differ', () => {
    expect(newFlowId()).toMatch(/^F_[0-9a-f]{16}$/);
    expect(newHuntId()).toMatch(/^H_[0-9a-f]{16}$/);
    expect(randomHex32()).toMatch(/^[0-9a-f]{32}$/);
    expect(new Set(Array.from({ length: 1000 }, newFlowId)).size).toBe(1000);
  });
});
