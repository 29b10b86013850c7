import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MultipartUploads } from './uploads.js';

const DAY = 86_400_000;
let root: string;
let folder: string;
let temporary: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'rekall-uploads-'));
  folder = join(root, 'uploads');
  temporary = join(root, 'temporary');
  mkdirSync(temporary);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const at = (now: number): MultipartUploads => new MultipartUploads(folder, temporary, () => now);

describe('uploads under way', () => {
  it('are kept for seven days, then removed at the next start', async () => {
    const { id } = await at(0).create({ key: 'k', headers: {}, user: {} });
    expect(at(7 * DAY - 1).find(id)?.key).toBe('k');
    expect(at(7 * DAY).find(id)).toBeUndefined();
    expect([readdirSync(folder), readdirSync(temporary)]).toEqual([[], []]);
  });

  it('what is no upload is removed at the start', () => {
    mkdirSync(join(folder, 'x'), { recursive: true });
    writeFileSync(join(folder, 'y'), '');
    at(0);
    expect(readdirSync(folder)).toEqual([]);
  });

  it.each(['', '..', '../temporary', 'x'.repeat(31), `${'x'.repeat(31)}/`, `../${'x'.repeat(29)}`])(
    '%j is no id',
    (id) => {
      expect(at(0).find(id)).toBeUndefined();
    },
  );
});
