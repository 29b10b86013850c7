import { chunksOf, type OpenFile, readableBytes } from './open-regular.js';

/** A search that cannot be made: the message says why. */
export class SearchError extends Error {
  override readonly name = 'SearchError';
}

/** Where something was found: bytes from the start of the file. */
export interface Found {
  offset: number;
  match: Buffer;
}

/** Looks for something in a window of bytes, from `from`; undefined when it is not there. */
export interface Needle {
  /** `isLast`: nothing follows the window, so a match may touch its end. */
  find: (window: Buffer, from: number, isLast: boolean) => { at: number; length: number } | undefined;
  /** Where the next window begins: so many bytes at least are seen again. */
  overlap: number;
  /** Windows begin at the start of a line where they can. */
  byLine: boolean;
}

/** Matches of a regular expression are found up to this length; longer ones may be missed. */
const REGEX_OVERLAP = 64 * 1024;
const MAX_LITERAL = 64 * 1024;

export const literalNeedle = (literal: Buffer): Needle => {
  if (literal.length === 0 || literal.length > MAX_LITERAL)
    throw new SearchError(`a literal has 1 to ${MAX_LITERAL} bytes, not ${literal.length}`);
  return {
    find(window, from) {
      const at = window.indexOf(literal, from);
      return at < 0 ? undefined : { at, length: literal.length };
    },
    overlap: literal.length - 1,
    byLine: false,
  };
};

const latin1Of = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');

const isAscii = (text: string): boolean => Buffer.byteLength(text) === text.length;

/** Characters beyond ASCII are several bytes: outside of classes they stand as those bytes. */
const asBytes = (pattern: string): string =>
  pattern.replace(/\[(?:\\.|[^\]\\])*\]|\\.|./gsu, (part) => {
    if (isAscii(part)) return part;
    if (part.startsWith('[') || part.startsWith('\\'))
      throw new SearchError(`regex ${pattern}: only ASCII may stand in a class or after a backslash`);
    return `(?:${latin1Of(part)})`;
  });

/**
 * A regular expression over bytes, line by line as grep sees them: `^` and `$` are ends of lines, `.` is any byte but a
 * line's end; a leading `(?i)` ignores case, `(?s)` lets `.` be a line's end.
 */
export const regexNeedle = (pattern: string): Needle => {
  let flags = 'gm';
  const source = pattern.replace(/^\(\?([is]+)\)/, (_whole, given: string) => {
    flags += [...new Set(given)].join('');
    return '';
  });
  let regex: RegExp;
  try {
    regex = new RegExp(asBytes(source), flags);
  } catch (error) {
    if (error instanceof SyntaxError) throw new SearchError(`regex ${pattern}: ${error.message}`, { cause: error });
    throw error;
  }
  let window: Buffer | undefined;
  let text = '';
  return {
    find(bytes, from, isLast) {
      if (bytes !== window) {
        window = bytes;
        text = bytes.toString('latin1');
      }
      regex.lastIndex = from;
      for (let match = regex.exec(text); match !== null; match = regex.exec(text)) {
        const { length } = match[0];
        if (isLast || match.index + length < text.length) return { at: match.index, length };
        if (length === 0) regex.lastIndex += 1;
      }
      return undefined;
    },
    overlap: REGEX_OVERLAP,
    byLine: true,
  };
};

/** Where the next window may begin, so that no match is missed and none invented. */
const keepFrom = (window: Buffer, needle: Needle): number => {
  const latest = Math.max(0, window.length - needle.overlap);
  if (!needle.byLine) return latest;
  const line = window.lastIndexOf(0x0a, latest - 1);
  return line < 0 || latest - line > REGEX_OVERLAP ? latest : line + 1;
};

/** Every match in the first `firstBytes` of a file, in order, none overlapping another. */
export function* search(file: OpenFile, needle: Needle, firstBytes = Infinity): Generator<Found> {
  const limit = Math.min(firstBytes, readableBytes(file));
  let kept = Buffer.alloc(0);
  let keptAt = 0;
  let next = 0;
  let read = 0;
  for (const piece of chunksOf(file, 0, limit)) {
    read += piece.length;
    const isLast = read >= Math.min(limit, file.stats.size > 0 ? file.stats.size : Infinity);
    const window = kept.length === 0 ? piece : Buffer.concat([kept, piece]);
    for (let from = Math.max(0, next - keptAt); from <= window.length;) {
      const found = needle.find(window, from, isLast);
      if (found === undefined) break;
      yield { offset: keptAt + found.at, match: Buffer.from(window.subarray(found.at, found.at + found.length)) };
      from = found.at + Math.max(1, found.length);
      next = keptAt + from;
    }
    if (isLast) return;
    let keep = keepFrom(window, needle);
    if (needle.byLine && keep > 0 && window[keep - 1] !== 0x0a) {
      // In the middle of a line: the byte before it shows that none begins here.
      next = Math.max(next, keptAt + keep);
      keep -= 1;
    }
    kept = Buffer.from(window.subarray(keep));
    keptAt += keep;
  }
  // An end that came earlier than its size said: what is left may touch it.
  if (kept.length === 0) return;
  const found = needle.find(kept, Math.min(Math.max(0, next - keptAt), kept.length), true);
  if (found !== undefined)
    yield { offset: keptAt + found.at, match: Buffer.from(kept.subarray(found.at, found.at + found.length)) };
}
