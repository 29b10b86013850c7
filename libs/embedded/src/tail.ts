const MAX_LINES = 200;
const MAX_LINE_LENGTH = 4_000;

/** Keeps the last lines that a child wrote, for error messages and tests; never more than 200 lines of 4,000 letters. */
export class OutputTail {
  readonly #lines: string[] = [];

  /** Appends one line, without its line end. */
  add(line: string): void {
    this.#lines.push(line.length > MAX_LINE_LENGTH ? `${line.slice(0, MAX_LINE_LENGTH)}...` : line);
    if (this.#lines.length > MAX_LINES) this.#lines.shift();
  }

  /** The last `count` lines (all that are kept by default), joined by line ends. */
  text(count = MAX_LINES): string {
    return this.#lines.slice(-count).join('\n');
  }
}
