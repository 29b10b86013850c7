import { lstatSync, type Stats } from 'node:fs';
import { messageOf } from '../errors.js';
import { latin1NamesIn } from './directory.js';
import { isKernelView } from './mounts.js';
import type { Problem, Problems } from './problems.js';
import { exactName, joinRaw, type RawPath, textOf } from './raw-path.js';
import { isDirectoryMode, STAT_NUMBERS } from './stat-entry.js';

/** Entries of a listing, packed so that they pass between threads cheaply. */
export interface ListingBatch {
  count: number;
  /** The directories that entries of this batch are in. */
  dirs: RawPath[];
  /** Index into `dirs` for each entry. */
  dirOf: Uint32Array;
  names: RawPath[];
  /** `STAT_NUMBERS.length` numbers for each entry. */
  numbers: Float64Array;
  /** Exact inode numbers, by entry, of those that a number cannot hold. */
  bigInos: Map<number, bigint>;
}

export interface ListingOptions {
  /** 1: what is in the directory itself. */
  depth: number;
  oneDevice: boolean;
}

const BATCH = 2_000;
const WIDTH = STAT_NUMBERS.length;

interface Pending {
  path: RawPath;
  depth: number;
  dev: number;
  bytes: number;
}

/** The root cannot be listed at all: that ends the action. */
export class ListingFailed extends Error {
  override readonly name = 'ListingFailed';
}

const rootStats = (root: RawPath): Stats => {
  let stats: Stats;
  try {
    stats = lstatSync(root);
  } catch (error) {
    throw new ListingFailed(`cannot list it: ${messageOf(error)}`, { cause: error });
  }
  if (!stats.isDirectory()) {
    const what = stats.isSymbolicLink() ? 'it is a symbolic link, which is never followed' : 'it is no directory';
    throw new ListingFailed(`cannot list ${textOf(root)}: ${what}`);
  }
  return stats;
};

/** Walks a tree, depth first, giving packed batches; symbolic links are listed and never followed. */
export class ListingWalk {
  readonly #pending: Pending[];
  readonly #root: RawPath;
  #batch = newBatch();
  /** What the taker threw: that ends the walk. */
  #refusal: unknown;

  /** @throws ListingFailed when the root is no directory */
  constructor(
    root: RawPath,
    private readonly options: ListingOptions,
    private readonly problems: Problems,
    private readonly give: (batch: ListingBatch) => void,
  ) {
    const stats = rootStats(root);
    this.#root = root;
    this.#pending = [{ path: root, depth: 1, dev: stats.dev, bytes: stats.size }];
  }

  /** Walks to the end. */
  run(): void {
    while (this.step());
  }

  /** Lists one more directory; false when there is none left. What it found is given at the latest then. */
  step(): boolean {
    const dir = this.#pending.pop();
    if (dir === undefined) {
      this.#flush();
      return false;
    }
    this.#list(dir);
    return true;
  }

  #list(dir: Pending): void {
    let batch: ListingBatch | undefined;
    let place = 0;
    try {
      for (const latin1 of latin1NamesIn(dir.path, dir.bytes)) {
        const name = exactName(latin1);
        const path = joinRaw(dir.path, name);
        const stats = this.#stat(path);
        if (stats === undefined) continue;
        if (batch !== this.#batch) {
          batch = this.#batch;
          place = batch.dirs.push(dir.path) - 1;
        }
        add(batch, place, name, path, stats);
        if (batch.count === BATCH) this.#flush();
        if (isDirectoryMode(stats.mode)) this.#enter(dir, path, stats);
      }
    } catch (error) {
      if (error === this.#refusal) throw error;
      if (dir.path === this.#root) throw new ListingFailed(`cannot list it: ${messageOf(error)}`, { cause: error });
      this.problems.failed(dir.path, error);
    }
  }

  #stat(path: RawPath): Stats | undefined {
    try {
      const stats = lstatSync(path, { throwIfNoEntry: false });
      if (stats === undefined) this.problems.note(path, 'vanished');
      return stats;
    } catch (error) {
      this.problems.failed(path, error);
      return undefined;
    }
  }

  #enter(parent: Pending, path: RawPath, stats: Stats): void {
    if (parent.depth >= this.options.depth) return;
    if (stats.dev !== parent.dev) {
      if (this.options.oneDevice) return;
      try {
        if (isKernelView(path)) return;
      } catch (error) {
        this.problems.failed(path, error);
        return;
      }
    }
    this.#pending.push({ path, depth: parent.depth + 1, dev: stats.dev, bytes: stats.size });
  }

  #flush(): void {
    const batch = this.#batch;
    if (batch.count === 0) return;
    this.#batch = newBatch();
    try {
      this.give(batch);
    } catch (error) {
      this.#refusal = error;
      throw error;
    }
  }
}

const add = (batch: ListingBatch, place: number, name: RawPath, path: RawPath, stats: Stats): void => {
  const index = batch.count++;
  batch.dirOf[index] = place;
  batch.names.push(name);
  const { numbers } = batch;
  let at = index * WIDTH;
  numbers[at++] = stats.mode;
  numbers[at++] = stats.ino;
  numbers[at++] = stats.dev;
  numbers[at++] = stats.nlink;
  numbers[at++] = stats.uid;
  numbers[at++] = stats.gid;
  numbers[at++] = stats.size;
  numbers[at++] = stats.atimeMs / 1000;
  numbers[at++] = stats.mtimeMs / 1000;
  numbers[at] = stats.ctimeMs / 1000;
  if (Number.isSafeInteger(stats.ino)) return;
  const exact = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  if (exact !== undefined) batch.bigInos.set(index, exact.ino);
};

const newBatch = (): ListingBatch => ({
  count: 0,
  dirs: [],
  dirOf: new Uint32Array(BATCH),
  names: [],
  numbers: new Float64Array(BATCH * WIDTH),
  bigInos: new Map(),
});

/** What the walking thread says: entries, what could not be read, its end. */
export type ListingMessage =
  | { kind: 'batch'; batch: ListingBatch }
  | { kind: 'problem'; problem: Problem }
  /** `summary`: what could not be read, in one line; `failure`: the root itself could not be listed. */
  | { kind: 'end'; summary?: string | undefined; failure?: string };
