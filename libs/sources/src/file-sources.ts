import type { Declared, SourceParam } from './declaration.js';

const PATHS = {
  name: 'paths',
  type: 'string',
  array: true,
  required: true,
  description: 'absolute paths; links are not followed',
} as const;
const ofPaths = { platforms: ['linux'], params: [PATHS], pushdown: { path: 'paths' } } as const;
const OFFSET = { name: 'offset', type: 'number', default: 0, description: 'bytes from the start' } as const;
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
export const FILE_SOURCES = {
  glob: {
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
  },
  stat: {
    description: 'The stat of each path that is there.',
    ...ofPaths,
    columns: STAT_COLUMNS,
  },
  find: {
    description: 'Everything below a directory, on its device.',
    platforms: ['linux'],
    params: [
      { name: 'root', type: 'string', required: true, description: 'an absolute directory' },
      { name: 'depth', type: 'number', default: 1000, description: '1: what is in the directory itself' },
    ],
    columns: STAT_COLUMNS,
  },
  hash: {
    description: 'Hashes of regular files, read once for all of them.',
    ...ofPaths,
    params: [
      PATHS,
      { name: 'hashes', type: 'string', array: true, default: ['sha256'], description: 'of md5, sha1, sha256' },
    ],
    columns: { path: 'unicode', size: 'int', md5: 'unicode', sha1: 'unicode', sha256: 'unicode' },
  },
  read_file: {
    description: 'A piece of each file, as text and as base64.',
    ...ofPaths,
    params: [PATHS, OFFSET, length(65_536)],
    columns: { path: 'unicode', offset: 'int', length: 'int', data: 'unicode', base64: 'unicode' },
  },
  grep: {
    description: 'Where a regular expression or a literal stands in files: offset in bytes, and what matched.',
    ...ofPaths,
    params: [
      PATHS,
      { name: 'regex', type: 'string', description: 'over bytes, line by line; `(?i)` first ignores case' },
      { name: 'literal', type: 'string', description: 'instead of a regular expression' },
      { name: 'hits', type: 'number', default: 1000, description: 'of each file, at most' },
    ],
    columns: { path: 'unicode', offset: 'int', match: 'unicode' },
  },
  hexdump_file: {
    description: 'A piece of each file as a hex dump, 16 bytes a row.',
    ...ofPaths,
    params: [PATHS, OFFSET, length(256)],
    columns: { path: 'unicode', offset: 'int', hex: 'unicode', text: 'unicode' },
  },
} as const satisfies Declared;
