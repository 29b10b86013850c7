import { describe, expect, it } from 'vitest';
import { entryBytes, fitsJobFile } from './job-file-size.js';

describe('the size of a job file', () => {
  it('counts a spec as it is escaped in it, twice', () => {
    // {"a":1} in a text, in a text: each of the two quotes becomes \\\" and each text has two quotes of its own
    expect(entryBytes('{"a":1}') - entryBytes('')).toBe(7 + 2 * 3);
    expect(entryBytes('é') - entryBytes('')).toBe(2);
  });

  it('is bounded at 256 KiB', () => {
    const spec = 'x'.repeat(10_000);
    expect(
      fitsJobFile(
        Array.from({ length: 15 }, () => spec),
        1,
      ),
    ).toBe(true);
    expect(
      fitsJobFile(
        Array.from({ length: 26 }, () => spec),
        1,
      ),
    ).toBe(false);
  });

  it('has room for a grant each only as long as there is', () => {
    expect(fitsJobFile([], 150)).toBe(true);
    expect(fitsJobFile([], 250)).toBe(false);
  });
});
