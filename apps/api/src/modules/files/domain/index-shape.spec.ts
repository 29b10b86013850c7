import { expect, it } from 'vitest';
import { isCrowded } from './index-shape.js';

const hash = 'a'.repeat(64);
const index = (path: string, parts: number): Buffer =>
  Buffer.from(
    JSON.stringify({
      path,
      parts: Array.from({ length: parts }, (_, part) => ({
        key: `k/part-${part}.gz`,
        raw_bytes: 1,
        raw_sha256: hash,
        stored_bytes: 1,
        stored_sha256: hash,
      })),
    }),
  );

it('tells what only looks like an index from the shortest that there are', () => {
  expect(isCrowded(index('{'.repeat(4096), 1))).toBe(false);
  expect(isCrowded(index(','.repeat(4096), 50_000))).toBe(false);
  expect(isCrowded(Buffer.from(`{"x":[${'{},'.repeat(100_000)}{}]}`))).toBe(true);
  expect(isCrowded(Buffer.from(`[${'1,'.repeat(100_000)}1]`))).toBe(true);
  expect(isCrowded(Buffer.from('['.repeat(100_000)))).toBe(true);
});
