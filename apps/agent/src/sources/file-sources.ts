import { FILE_SOURCES as DECLARED } from '#sources';
import { findRows, globRows, grepRows, hashRows, hexdumpRows, readFileRows, statRows } from './file-rows.js';
import { implemented, numberOr, type Source, textOrEmpty, textsOf } from './source.js';

/** Sources about files. */
export const FILE_SOURCES: readonly Source[] = implemented(DECLARED, {
  glob: ({ globs }) => globRows(textsOf(globs)),
  stat: ({ paths }) => statRows(textsOf(paths)),
  find: ({ root, depth }) => findRows(textOrEmpty(root), numberOr(depth, 1000)),
  hash: ({ paths, hashes }) => hashRows(textsOf(paths), textsOf(hashes)),
  read_file: ({ paths, offset, length: bytes }) =>
    readFileRows(textsOf(paths), numberOr(offset, 0), numberOr(bytes, 65_536)),
  grep: ({ paths, regex, literal, hits }) =>
    grepRows({
      paths: textsOf(paths),
      regex: typeof regex === 'string' ? regex : undefined,
      literal: typeof literal === 'string' ? literal : undefined,
      hits: numberOr(hits, 1000),
    }),
  hexdump_file: ({ paths, offset, length: bytes }) =>
    hexdumpRows(textsOf(paths), numberOr(offset, 0), numberOr(bytes, 256)),
});
