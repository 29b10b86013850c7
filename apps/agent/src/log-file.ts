import { closeSync, fstatSync, openSync, renameSync, writeSync } from 'node:fs';
import { codeOf, messageOf, StartError } from './errors.js';

export interface LogFileOptions {
  /** A file that would grow beyond this becomes `<file>.1`; `.1` becomes `.2`, and so on. */
  maxBytes: number;
  /** So many old files are kept. */
  keep: number;
  /** Told what the disk refuses: the agent goes on without its log. */
  onError: (message: string) => void;
}

/** A log file that is rotated by size. Lines are few: each is written at once. */
export class LogFile {
  #fd: number;
  #bytes: number;

  /** Appends to `file` (0600). Throws {@link StartError} when it cannot be opened. */
  constructor(
    private readonly file: string,
    private readonly options: LogFileOptions,
  ) {
    try {
      this.#fd = openSync(file, 'a', 0o600);
      this.#bytes = fstatSync(this.#fd).size;
    } catch (error) {
      throw new StartError(`cannot write the log file ${file}: ${messageOf(error)}`, { cause: error });
    }
  }

  write(line: string): void {
    const bytes = Buffer.byteLength(line);
    try {
      if (this.#bytes > 0 && this.#bytes + bytes > this.options.maxBytes) this.#rotate();
      writeSync(this.#fd, line);
      this.#bytes += bytes;
    } catch (error) {
      // A full disk must not stop the agent.
      this.options.onError(`${this.file}: ${messageOf(error)}`);
    }
  }

  #rotate(): void {
    for (let i = this.options.keep; i > 0; i--) this.#rename(i === 1 ? this.file : `${this.file}.${i - 1}`, i);
    const fresh = openSync(this.file, 'a', 0o600);
    closeSync(this.#fd);
    this.#fd = fresh;
    this.#bytes = 0;
  }

  #rename(from: string, number: number): void {
    try {
      renameSync(from, `${this.file}.${number}`);
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error; // there are not so many yet
    }
  }
}
