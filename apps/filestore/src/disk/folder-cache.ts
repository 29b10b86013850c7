import { readdir } from 'node:fs/promises';
import { decodeEntry, type DirEntry } from './key-path.js';

const MAX_FOLDERS = 256;
const MAX_ENTRIES = 200_000;

/**
 * Sorted directory listings, kept until something in the directory changes. This process is the only writer, and tells
 * of each change before it answers, so a listing that is started after an answer always sees what was answered.
 */
export class FolderCache {
  private readonly folders = new Map<string, DirEntry[]>();
  private readonly reading = new Map<string, { stale: boolean }>();
  private entries = 0;

  /** The entries of a directory in the byte order of the keys they hold; empty when there is no such directory. */
  async entriesOf(folder: string): Promise<readonly DirEntry[]> {
    const known = this.folders.get(folder);
    if (known !== undefined) {
      this.folders.delete(folder);
      this.folders.set(folder, known);
      return known;
    }
    const read = { stale: false };
    this.reading.set(folder, read);
    const entries = await readEntries(folder);
    if (this.reading.get(folder) === read) this.reading.delete(folder);
    if (!read.stale) this.keep(folder, entries);
    return entries;
  }

  /** An entry of this directory came or went. */
  changed(folder: string): void {
    const read = this.reading.get(folder);
    if (read !== undefined) read.stale = true;
    this.drop(folder);
  }

  private keep(folder: string, entries: DirEntry[]): void {
    if (entries.length > MAX_ENTRIES) return;
    this.drop(folder);
    this.folders.set(folder, entries);
    this.entries += entries.length;
    for (const oldest of this.folders.keys()) {
      if (this.folders.size <= MAX_FOLDERS && this.entries <= MAX_ENTRIES) return;
      this.drop(oldest);
    }
  }

  private drop(folder: string): void {
    const known = this.folders.get(folder);
    if (known === undefined) return;
    this.folders.delete(folder);
    this.entries -= known.length;
  }
}

async function readEntries(folder: string): Promise<DirEntry[]> {
  let names: string[];
  try {
    names = await readdir(folder);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return [];
    throw error;
  }
  const entries: DirEntry[] = [];
  for (const name of names) {
    const entry = decodeEntry(name);
    if (entry !== undefined) entries.push(entry);
  }
  return entries.sort((a, b) => (a.adds < b.adds ? -1 : 1));
}

/** Whether an error is a system error with one of these codes. */
export function isErrno(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && codes.includes(error.code);
}
