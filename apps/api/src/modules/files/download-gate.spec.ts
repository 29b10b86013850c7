import { expect, it } from 'vitest';
import { DownloadGate } from './download-gate.js';

const code = (enter: () => unknown): unknown => {
  try {
    enter();
  } catch (error) {
    return error instanceof Error && 'code' in error ? error.code : error;
  }
  return 'entered';
};

it('lets in 8 downloads of one user and 32 of all, and another when one has left, however often it says so', () => {
  const gate = new DownloadGate();
  const leave = Array.from({ length: 8 }, () => gate.enter('eve'));
  expect(code(() => gate.enter('eve'))).toBe('file/too-many-downloads');
  for (const user of ['ann', 'bob', 'cem']) for (let i = 0; i < 8; i++) gate.enter(user);
  expect(code(() => gate.enter('dan'))).toBe('file/too-many-downloads');
  leave[0]?.();
  leave[0]?.();
  expect(code(() => gate.enter('dan'))).toBe('entered');
  expect(code(() => gate.enter('dan'))).toBe('file/too-many-downloads');
});
