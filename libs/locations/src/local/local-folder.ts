import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, lstat, mkdir, open, realpath, rename, stat, unlink } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative, sep } from 'node:path';
import { FileChanged, LocalWriteFailed, LocationConfigError, LocationError, UploadRefused } from '../errors.js';

const CHUNK_BYTES = 256 * 1024;
/** The longest name that common file systems take, in bytes. */
const MAX_NAME_BYTES = 255;
const NEW_FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW;

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown';

const isWithin = (root: string, path: string): boolean => {
  const way = relative(root, path);
  return way === '' || (way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way));
};

/**
 * Why a job may not write into the folder `path` of this machine, as one sentence; undefined when it may.
 * @param root the folder that the machine's own configuration allows, absolute; undefined: none
 */
export const localFileProblem = (root: string | undefined, path: string): string | undefined => {
  if (root === undefined) return `it writes to the local folder ${path}, and no local_folder is allowed`;
  if (!isAbsolute(path) || path.includes('\0') || path.split(/[/\\]/).some((part) => part === '.' || part === '..'))
    return `the local folder ${JSON.stringify(path)} is no absolute path without "." and ".." parts`;
  return isWithin(root, path) ? undefined : `the local folder ${path} is outside of the allowed ${root}`;
};

/**
 * A folder of this machine in which objects lie under their keys: `<folder>/<key>`. Written once, whole or not at all
 * (temporary file, fsync, rename, fsync of the folder); nothing leaves the folder, through links neither.
 */
export class LocalFolder {
  /** Folders whose names are known to be on the disk. */
  readonly #durable = new Set<string>();

  /** @param root absolute; it must exist (a disk that is not mounted is not written beside) */
  constructor(private readonly root: string) {}

  /**
   * Copies a file to its key in the folder itself or one below it. What is there already with the same bytes counts as
   * written. Throws {@link UploadRefused} for what can never be written, {@link LocalWriteFailed} for what the disk does
   * not do now, {@link FileChanged}, {@link LocationConfigError} for a folder that is not allowed, and the signal's reason.
   * @param folder `path` of a LocalFile; the root when absent
   */
  async write(key: string, filePath: string, options: { folder?: string; signal?: AbortSignal } = {}): Promise<void> {
    const base = options.folder ?? this.root;
    const problem = localFileProblem(this.root, base);
    if (problem !== undefined) throw new LocationConfigError(problem);
    const parts = partsOf(key);
    const target = join(base, ...parts);
    const source = await open(filePath, 'r');
    try {
      const folder = await this.#folderFor(dirname(target));
      if (!(await isThere(target, source))) await writeWhole(source, filePath, target, folder, options.signal);
    } catch (error) {
      if (error instanceof LocationError || codeOf(error) === 'unknown') throw error;
      throw new LocalWriteFailed(
        `cannot write ${target}: ${codeOf(error)}; check the disk and the rights of ${this.root}; it is tried again`,
        codeOf(error),
        { cause: error },
      );
    } finally {
      await source.close();
    }
  }

  /** Makes the folder, durable; gives it where no link leads out of the root. */
  async #folderFor(folder: string): Promise<string> {
    const root = await realpath(this.root);
    let at = this.root;
    for (const part of relative(this.root, folder).split(sep)) {
      if (part === '') continue;
      const parent = at;
      at = join(at, part);
      await makeFolder(at);
      const real = await realpath(at);
      if (!isWithin(root, real))
        throw new UploadRefused(`${at} leads to ${real}, outside of ${root}`, 'final', 0, 'outside');
      // Also where it was there: who made it may have been killed before its name was on the disk.
      if (!this.#durable.has(at)) await syncFolder(parent);
      this.#durable.add(at);
    }
    return at;
  }
}

/** The parts of a key, each a name that a file can have. */
const partsOf = (key: string): string[] => {
  const parts = key.split('/');
  for (const part of parts) {
    if (part === '' || part === '.' || part === '..' || /[\0\\]/.test(part))
      throw new UploadRefused(`the key ${JSON.stringify(key)} is no path of a file`, 'final', 0, 'bad-key');
    if (Buffer.byteLength(part) > MAX_NAME_BYTES)
      throw new UploadRefused(
        `a part of the key ${key} has ${Buffer.byteLength(part)} bytes, a file's name at most ${MAX_NAME_BYTES}`,
        'final',
        0,
        'name-too-long',
      );
  }
  return parts;
};

const makeFolder = async (path: string): Promise<void> => {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    if (codeOf(error) !== 'EEXIST' || !(await stat(path)).isDirectory()) throw error;
  }
};

const syncFolder = async (path: string): Promise<void> => {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
};

const hashOf = async (file: FileHandle): Promise<string> => {
  const hash = createHash('sha256');
  for await (const chunk of file.createReadStream({ start: 0, autoClose: false })) hash.update(chunk as Buffer);
  return hash.digest('hex');
};

/** True when the target holds the same bytes (this very upload, before a kill); another file there is never replaced. */
const isThere = async (target: string, source: FileHandle): Promise<boolean> => {
  try {
    if (!(await lstat(target)).isFile())
      throw new UploadRefused(`${target} is there and is no file`, 'final', 0, 'exists');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false;
    throw error;
  }
  const present = await open(target, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    if ((await hashOf(present)) !== (await hashOf(source)))
      throw new UploadRefused(`${target} is there with other content: it is kept`, 'final', 0, 'exists');
    await present.sync();
  } finally {
    await present.close();
  }
  await syncFolder(dirname(target));
  return true;
};

const writeWhole = async (
  source: FileHandle,
  sourcePath: string,
  target: string,
  folder: string,
  signal: AbortSignal | undefined,
): Promise<void> => {
  // The same name each time: what a kill leaves behind is overwritten by the next try.
  const temporary = join(folder, `.${createHash('sha256').update(target).digest('hex').slice(0, 32)}.part`);
  try {
    const file = await open(temporary, NEW_FILE, 0o600);
    try {
      await copy(source, sourcePath, file, signal);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, target);
  } catch (error) {
    await unlink(temporary).catch((failure: unknown) => {
      if (codeOf(failure) !== 'ENOENT') throw failure;
    });
    throw error;
  }
  await syncFolder(folder);
};

const copy = async (
  source: FileHandle,
  sourcePath: string,
  file: FileHandle,
  signal: AbortSignal | undefined,
): Promise<void> => {
  const { size } = await source.stat();
  const buffer = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, Math.max(size, 1)));
  for (let at = 0; at < size;) {
    signal?.throwIfAborted();
    const { bytesRead } = await source.read(buffer, 0, Math.min(buffer.length, size - at), at);
    if (bytesRead === 0)
      throw new FileChanged(`${sourcePath} became shorter while it was copied: ${at} of ${size} bytes were there`);
    await file.writeFile(buffer.subarray(0, bytesRead));
    at += bytesRead;
  }
};
