import { findRows, globRows, grepRows, hashRows, hexdumpRows, readFileRows, statRows } from './file-rows.js';
import { numberOr, type Source, type SourceParam, textOrEmpty, textsOf } from './source.js';

const PATHS: SourceParam = {
  name: 'paths',
  type: 'string',
  array: true,
  required: true,
  description: 'absolute paths; links are not followed',
};
const ofPaths = { platforms: ['linux'], params: [PATHS], pushdown: { path: 'paths' } } as const;
const OFFSET: SourceParam = { name: 'offset', type: 'number', default: 0, description: 'bytes from the start' };
const length = (bytes: number): SourceParam => ({
  name: 'length',
  type: 'number',
  default: bytes,
  description: 'bytes, at most 1 MiB',
});

const STAT_COLUMNS = {
  path: 'unicode',
  dirname: 'unicode',
  filename: 'unicode',
  st_mode: 'int',
  st_mode_str: 'unicode',
  st_ino: 'int',
  st_dev: 'int',
  st_nlink: 'int',
  st_uid: 'int',
  st_gid: 'int',
  st_size: 'int',
  st_atime: 'epoch',
  st_mtime: 'epoch',
  st_ctime: 'epoch',
} as const;

/** Sources about files. */
export const FILE_SOURCES: readonly Source[] = [
  {
    name: 'glob',
    description: 'What globs name, with the stat of each. One walk serves all globs; links are never followed.',
    platforms: ['linux'],
    params: [
      {
        name: 'globs',
        type: 'string',
        array: true,
        required: true,
        description: '`*`, `?`, `[a-z]`, `{a,b}`, `**N` (N directories deep, 3 without N), `%%users.homedir%%`',
      },
    ],
    columns: STAT_COLUMNS,
    rows: ({ globs }) => globRows(textsOf(globs)),
  },
  {
    name: 'stat',
    description: 'The stat of each path that is there.',
    ...ofPaths,
    columns: STAT_COLUMNS,
    rows: ({ paths }) => statRows(textsOf(paths)),
  },
  {
    name: 'find',
    description: 'Everything below a directory, on its device.',
    platforms: ['linux'],
    params: [
      { name: 'root', type: 'string', required: true, description: 'an absolute directory' },
      { name: 'depth', type: 'number', default: 1000, description: '1: what is in the directory itself' },
    ],
    columns: STAT_COLUMNS,
    rows: ({ root, depth }) => findRows(textOrEmpty(root), numberOr(depth, 1000)),
  },
  {
    name: 'hash',
    description: 'Hashes of regular files, read once for all of them.',
    ...ofPaths,
    params: [
      PATHS,
      { name: 'hashes', type: 'string', array: true, default: ['sha256'], description: 'of md5, sha1, sha256' },
    ],
    columns: { path: 'unicode', size: 'int', md5: 'unicode', sha1: 'unicode', sha256: 'unicode' },
    rows: ({ paths, hashes }) => hashRows(textsOf(paths), textsOf(hashes)),
  },
  {
    name: 'read_file',
    description: 'A piece of each file, as text and as base64.',
    ...ofPaths,
    params: [PATHS, OFFSET, length(65_536)],
    columns: { path: 'unicode', offset: 'int', length: 'int', data: 'unicode', base64: 'unicode' },
    rows: ({ paths, offset, length: bytes }) =>
      readFileRows(textsOf(paths), numberOr(offset, 0), numberOr(bytes, 65_536)),
  },
  {
    name: 'grep',
    description: 'Where a regular expression or a literal stands in files: offset in bytes, and what matched.',
    ...ofPaths,
    params: [
      PATHS,
      { name: 'regex', type: 'string', description: 'over bytes, line by line; `(?i)` first ignores case' },
      { name: 'literal', type: 'string', description: 'instead of a regular expression' },
      { name: 'hits', type: 'number', default: 1000, description: 'of each file, at most' },
    ],
    columns: { path: 'unicode', offset: 'int', match: 'unicode' },
    rows: ({ paths, regex, literal, hits }) =>
      grepRows({
        paths: textsOf(paths),
        regex: typeof regex === 'string' ? regex : undefined,
        literal: typeof literal === 'string' ? literal : undefined,
        hits: numberOr(hits, 1000),
      }),
  },
  {
    name: 'hexdump_file',
    description: 'A piece of each file as a hex dump, 16 bytes a row.',
    ...ofPaths,
    params: [PATHS, OFFSET, length(256)],
    columns: { path: 'unicode', offset: 'int', hex: 'unicode', text: 'unicode' },
    rows: ({ paths, offset, length: bytes }) => hexdumpRows(textsOf(paths), numberOr(offset, 0), numberOr(bytes, 256)),
  },
];
