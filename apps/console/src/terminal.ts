/** Where results (standard output) and progress (standard error) go. */
export interface Terminal {
  /** A result: one line or several, without the last line end. */
  out(text: string): void;
  /** What is going on, and errors. */
  progress(text: string): void;
  /** Columns of the terminal that results go to; undefined when they go to a file or a pipe. */
  readonly columns: number | undefined;
  /** Whether progress goes to a terminal, where a bar can move. */
  readonly interactive: boolean;
}

/** The terminal of this process. A reader that goes away (`| head`) ends the program without a word. */
export const processTerminal = (): Terminal => {
  for (const stream of [process.stdout, process.stderr])
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(0);
      throw error;
    });
  return {
    out: (text) => process.stdout.write(`${text}\n`),
    progress: (text) => process.stderr.write(`${text}\n`),
    get columns() {
      return process.stdout.isTTY ? process.stdout.columns : undefined;
    },
    interactive: process.stderr.isTTY,
  };
};
