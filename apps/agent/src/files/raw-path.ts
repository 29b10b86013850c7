import { isUtf8 } from 'node:buffer';

/** A path or name exactly as the file system has it: text where its bytes are UTF-8, else the bytes themselves. */
export type RawPath = string | Buffer;

const NOT_ASCII = /[\x80-\xff]/;

/** A name that was read as latin1, one character a byte, as what it is. */
export const exactName = (latin1: string): RawPath => {
  if (!NOT_ASCII.test(latin1)) return latin1;
  return rawPath(Buffer.from(latin1, 'latin1'));
};

/** Bytes as text where they are UTF-8. */
export const rawPath = (bytes: Buffer): RawPath => (isUtf8(bytes) ? bytes.toString('utf8') : bytes);

/** The bytes of a path. */
export const bytesOf = (path: RawPath): Buffer => (typeof path === 'string' ? Buffer.from(path, 'utf8') : path);

/** A path for people: what is not UTF-8 is shown as U+FFFD. */
export const textOf = (path: RawPath): string => (typeof path === 'string' ? path : path.toString('utf8'));

/** `dir` and a name in it. */
export const joinRaw = (dir: RawPath, name: RawPath): RawPath => {
  if (typeof dir === 'string' && typeof name === 'string') return dir === '/' ? `/${name}` : `${dir}/${name}`;
  return Buffer.concat([bytesOf(dir), ...(textOf(dir) === '/' ? [] : [Buffer.from('/')]), bytesOf(name)]);
};

/** Directory and last part of an absolute path; `/` is its own directory with an empty name. */
export const splitRaw = (path: RawPath): { dir: RawPath; name: RawPath } => {
  const bytes = bytesOf(path);
  const slash = bytes.lastIndexOf(0x2f);
  return { dir: rawPath(bytes.subarray(0, Math.max(slash, 1))), name: rawPath(bytes.subarray(slash + 1)) };
};
