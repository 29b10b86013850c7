import type { ListingBatch } from './listing-walk.js';
import { bytesOf, type RawPath, textOf } from './raw-path.js';
import { modeString, STAT_NUMBERS } from './stat-entry.js';

const WIDTH = STAT_NUMBERS.length;

/** Between threads a Buffer becomes a plain array of bytes. */
const received = (path: RawPath | Uint8Array): RawPath =>
  typeof path === 'string' || Buffer.isBuffer(path) ? path : Buffer.from(path);

const wholePath = (dir: RawPath, name: RawPath): Buffer =>
  Buffer.concat([bytesOf(dir), Buffer.from('/'), bytesOf(name)]);

/** The rows of a packed batch, in its order. */
export function* listingRows(batch: ListingBatch): Generator<Record<string, unknown>> {
  const dirs = batch.dirs.map(received);
  const dirTexts = dirs.map(textOf);
  const { numbers } = batch;
  for (let i = 0; i < batch.count; i++) {
    const place = batch.dirOf[i] ?? 0;
    const name = received(batch.names[i] ?? '');
    const dir = dirs[place] ?? '';
    const at = i * WIDTH;
    const mode = numbers[at] ?? 0;
    yield {
      dirname: dirTexts[place],
      filename: textOf(name),
      path_bytes: typeof name === 'string' && typeof dir === 'string' ? null : wholePath(dir, name),
      st_mode: mode,
      st_mode_str: modeString(mode),
      st_ino: batch.bigInos.get(i) ?? numbers[at + 1],
      st_dev: numbers[at + 2],
      st_nlink: numbers[at + 3],
      st_uid: numbers[at + 4],
      st_gid: numbers[at + 5],
      st_size: numbers[at + 6],
      st_atime: numbers[at + 7],
      st_mtime: numbers[at + 8],
      st_ctime: numbers[at + 9],
    };
  }
}
