import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The compiled reader process, and what it must be able to read to start. Absolute paths. */
export interface ReaderProgram {
  readonly main: string;
  /** Folders and files of the program itself. */
  readonly reads: readonly string[];
}

const BUILT = join('dist', 'libs', 'collections', 'src');

/**
 * Where the reader process is: beside this file when this is the built one, else in the `dist` of the same checkout
 * (tests run from the sources; the process always runs compiled, on plain Node).
 */
export const readerProgram = (here = dirname(fileURLToPath(import.meta.url))): ReaderProgram => {
  const root = here.endsWith(BUILT) ? resolve(here, '..', '..', '..', '..') : resolve(here, '..', '..', '..');
  const libs = join(root, 'dist', 'libs');
  return {
    main: join(root, BUILT, 'reader-process.js'),
    reads: [join(root, 'package.json'), join(libs, 'collections', 'src'), join(libs, 'efilter', 'src')],
  };
};
