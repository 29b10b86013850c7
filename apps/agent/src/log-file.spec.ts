import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { LogFile } from './log-file.js';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'rekall-log-'));
});
afterAll(() => rmSync(dir, { recursive: true }));

it('is rotated by size, keeps the newest files, and loses no line of them', () => {
  const errors: string[] = [];
  const file = join(dir, 'agent.log');
  const log = new LogFile(file, { maxBytes: 100, keep: 2, onError: (message) => errors.push(message) });
  const line = (i: number): string => `line ${String(i).padStart(34, '0')}\n`; // 40 bytes: two fit
  for (let i = 0; i < 9; i++) log.write(line(i));
  expect(readdirSync(dir).toSorted()).toEqual(['agent.log', 'agent.log.1', 'agent.log.2']);
  expect(readFileSync(file, 'utf8')).toBe(line(8));
  expect(readFileSync(`${file}.1`, 'utf8')).toBe(line(6) + line(7));
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(errors).toEqual([]);
});

it('that cannot be opened says so', () => {
  expect(() => new LogFile(join(dir, 'none/log'), { maxBytes: 1, keep: 1, onError: () => undefined })).toThrow(
    'cannot write the log file',
  );
});
