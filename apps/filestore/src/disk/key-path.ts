import { concat, cut, type ByteString } from '../bytes.js';

/**
 * Keys are never paths. Each `/`-separated segment of a key becomes one directory entry:
 *
 * - `f-NAME`: the last segment, a file (an object);
 * - `d-NAME`: another segment, a directory;
 * - `c-NAME`: the first 80 bytes of a segment of 80 bytes or more, a directory in which the rest follows.
 *
 * NAME has only `a-z 0-9 - _ . + %`: capitals become `+x`, every other byte `%xx`, so names are the same on file systems
 * that ignore case, none is `.` or `..`, and none exceeds 242 bytes. Because a segment of 80 bytes or more always
 * takes the `c-` form, the sort keys of one directory's entries (see {@link DirEntry}) never interleave.
 */
const CHUNK = 80;

/** What a directory entry is: object file, directory of a segment, directory of a segment's first 80 bytes. */
export type EntryKind = 'f' | 'd' | 'c';

/** A directory entry, decoded. */
export interface DirEntry {
  readonly kind: EntryKind;
  /** The entry's name on disk. */
  readonly name: string;
  /** What the entry adds to the key: `NAME`, `NAME/` for a directory, the 80 bytes for a chunk. Entries sort by it. */
  readonly adds: ByteString;
}

function encodeName(bytes: ByteString): string {
  return bytes.replace(/[^a-z0-9\-_.]|\.$/g, (char) => {
    const code = char.charCodeAt(0);
    return code >= 0x41 && code <= 0x5a ? '+' + char.toLowerCase() : '%' + code.toString(16).padStart(2, '0');
  });
}

function decodeName(name: string): ByteString {
  return name.replace(/\+([a-z])|%([0-9a-f]{2})/g, (_all, capital?: string, hex?: string) =>
    capital === undefined ? String.fromCharCode(Number.parseInt(hex ?? '', 16)) : capital.toUpperCase(),
  ) as ByteString;
}

/** The names of the directories and, last, the file that hold the object of this key. */
export function keyToNames(key: ByteString): string[] {
  const names: string[] = [];
  const segments = key.split('/');
  segments.forEach((segment, index) => {
    let rest = segment as ByteString;
    while (rest.length >= CHUNK) {
      names.push('c-' + encodeName(cut(rest, 0, CHUNK)));
      rest = cut(rest, CHUNK);
    }
    names.push((index === segments.length - 1 ? 'f-' : 'd-') + encodeName(rest));
  });
  return names;
}

/** Decodes one name of a directory; undefined for a name that this server never makes. */
export function decodeEntry(name: string): DirEntry | undefined {
  const kind = name.charAt(0);
  if (name.charAt(1) !== '-' || (kind !== 'f' && kind !== 'd' && kind !== 'c')) return undefined;
  const bytes = decodeName(name.slice(2));
  return { kind, name, adds: kind === 'd' ? concat(bytes, '/' as ByteString) : bytes };
}
