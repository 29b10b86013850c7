import { randomBytes, randomUUID } from 'node:crypto';
import { closeSync, openSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from '#files';
import { z } from 'zod';
import { isErrno } from './folder-cache.js';
import type { Incoming } from './incoming.js';
import { KeyLocks } from './key-locks.js';
import { readMeta, type ObjectMeta } from './object-file.js';
import { FolderSyncs } from './sync-folder.js';

/** An upload that nobody has completed for so long is removed at the next start. */
const ABANDONED = 7 * 86_400_000;
const RECORD = 'upload.json';
const ID = /^[A-Za-z0-9_-]{32}$/;
const PART = /^part-(\d{5})$/;

const recordSchema = z.strictObject({
  /** The key as text. */
  key: z.string(),
  /** Unix milliseconds. */
  initiated: z.int(),
  headers: z.record(z.string(), z.string()),
  user: z.record(z.string(), z.string()),
  checksum: z.strictObject({ algorithm: z.string(), type: z.enum(['COMPOSITE', 'FULL_OBJECT']) }).optional(),
});

/** What was said when an upload was begun. */
export type UploadRecord = z.infer<typeof recordSchema>;

/** An upload that is under way. */
export interface Upload extends UploadRecord {
  readonly id: string;
}

/** A part that was received; the content is the first `meta.size` bytes of the file. */
export interface Part {
  readonly number: number;
  readonly path: string;
  readonly meta: ObjectMeta;
}

/**
 * Multipart uploads under way: a folder each, with a record and a file for each part, out of sight of every listing of
 * objects. Everything that is answered for is durable.
 */
export class MultipartUploads {
  private readonly locks = new KeyLocks();
  private readonly syncs = new FolderSyncs(0);

  /**
   * @param folder holds a folder for each upload; made if missing
   * @param temporary on the same file system, emptied at each start
   */
  constructor(
    private readonly folder: string,
    private readonly temporary: string,
    private readonly now: () => number,
  ) {
    makeFolder(folder);
    for (const id of readdirSync(folder)) {
      const upload = this.find(id);
      if (upload !== undefined && upload.initiated + ABANDONED > now()) continue;
      const doomed = join(temporary, randomUUID());
      renameSync(join(folder, id), doomed);
      rmSync(doomed, { recursive: true, force: true });
    }
  }

  /** Begins an upload. */
  async create(record: Omit<UploadRecord, 'initiated'>): Promise<Upload> {
    const id = randomBytes(24).toString('base64url');
    const upload = { ...record, initiated: this.now() };
    const making = join(this.temporary, randomUUID());
    await mkdir(making, { mode: 0o700 });
    const file = await open(join(making, RECORD), 'wx', 0o600);
    try {
      await file.writeFile(JSON.stringify(upload));
      await file.sync();
    } finally {
      await file.close();
    }
    await this.syncs.sync(making);
    await rename(making, join(this.folder, id));
    await this.syncs.sync(this.folder);
    return { ...upload, id };
  }

  /** The upload of this id, if there is one. */
  find(id: string): Upload | undefined {
    if (!ID.test(id)) return undefined;
    let text: string;
    try {
      text = readFileSync(join(this.folder, id, RECORD), 'utf8');
    } catch (error) {
      if (isErrno(error, 'ENOENT', 'ENOTDIR')) return undefined;
      throw error;
    }
    return { ...recordSchema.parse(JSON.parse(text)), id };
  }

  /** All uploads, in no order. */
  async all(): Promise<Upload[]> {
    return (await readdir(this.folder)).flatMap((id) => this.find(id) ?? []);
  }

  /** Keeps a received part, in place of an earlier one of its number; false when the upload has ended meanwhile. */
  async keepPart(id: string, number: number, body: Incoming, meta: ObjectMeta): Promise<boolean> {
    const sealed = await body.seal(meta);
    const folder = join(this.folder, id);
    try {
      await rename(sealed, join(folder, `part-${String(number).padStart(5, '0')}`));
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return false;
      throw error;
    }
    body.moved();
    await this.syncs.sync(folder);
    return true;
  }

  /** The parts of an upload, in their order. */
  async parts(id: string): Promise<Part[]> {
    const parts: Part[] = [];
    const folder = join(this.folder, id);
    for (const name of (await readdir(folder)).toSorted()) {
      const number = PART.exec(name)?.[1];
      if (number === undefined) continue;
      const path = join(folder, name);
      const fd = openSync(path, 'r');
      try {
        parts.push({ number: Number(number), path, meta: readMeta(fd) });
      } finally {
        closeSync(fd);
      }
    }
    return parts;
  }

  /** Runs what ends an upload, one at a time. */
  ending<T>(id: string, task: () => Promise<T>): Promise<T> {
    return this.locks.run(id, task);
  }

  /** Removes an upload and its parts. */
  async remove(id: string): Promise<void> {
    const doomed = join(this.temporary, randomUUID());
    await rename(join(this.folder, id), doomed);
    await this.syncs.sync(this.folder);
    await rm(doomed, { recursive: true, force: true });
  }
}
