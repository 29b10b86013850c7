import { readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { makeFolder } from '#files';
import { unpackCollection } from '#collections/reader';
import { MAX_COLLECTION_RATIO } from '#wire';

const GRACE_MS = 60_000;

/**
 * Unpacked collections by the SHA-256 of their content, which is checked on the way. The least recently used are removed
 * when all together exceed `maxBytes`; files just handed out stay for a minute.
 */
export class UnpackedFiles {
  private readonly underWay = new Map<string, Promise<string>>();

  constructor(
    private readonly dir: string,
    private readonly maxBytes: number,
    private readonly now: () => Date,
  ) {}

  /** The path of the unpacked copy; several calls for one content unpack it once. Throws CollectionRefused. */
  async open(
    packed: () => Promise<string>,
    expected: { contentBytes: number; contentSha256: string },
  ): Promise<string> {
    const running = this.underWay.get(expected.contentSha256) ?? this.provide(packed, expected);
    this.underWay.set(expected.contentSha256, running);
    try {
      return await running;
    } finally {
      this.underWay.delete(expected.contentSha256);
    }
  }

  private async provide(
    packed: () => Promise<string>,
    expected: { contentBytes: number; contentSha256: string },
  ): Promise<string> {
    const path = join(this.dir, `${expected.contentSha256}.sqlite`);
    const now = this.now();
    if (await isThere(path)) {
      await utimes(path, now, now);
      return path;
    }
    makeFolder(this.dir);
    const part = join(this.dir, `${randomUUID()}.part`);
    await unpackCollection(await packed(), part, { maxBytes: this.maxBytes, maxRatio: MAX_COLLECTION_RATIO, expected });
    await rename(part, path);
    await this.shrink();
    return path;
  }

  private async shrink(): Promise<void> {
    const names = await readdir(this.dir);
    const files = (
      await Promise.all(
        names.map(async (name) => ({ path: join(this.dir, name), stats: await statIfThere(join(this.dir, name)) })),
      )
    ).flatMap(({ path, stats }) => (stats === undefined ? [] : [{ path, size: stats.size, usedAt: stats.mtimeMs }]));
    files.sort((a, b) => a.usedAt - b.usedAt);
    let total = files.reduce((sum, file) => sum + file.size, 0);
    for (const file of files) {
      if (total <= this.maxBytes || this.now().getTime() - file.usedAt < GRACE_MS) return;
      await rm(file.path, { force: true });
      total -= file.size;
    }
  }
}

const statIfThere = async (path: string) => {
  try {
    return await stat(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
};

const isThere = async (path: string): Promise<boolean> => (await statIfThere(path)) !== undefined;
