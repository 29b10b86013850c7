import { createWriteStream } from 'node:fs';
import { once } from 'node:events';
import pino from 'pino';
import { messageOf, StartError } from './errors.js';

export type Logger = pino.Logger;

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** The deployment's shared secret is part of every public key: no log line ever holds it. */
export const redact = (line: string): string => line.replace(/public\/[0-9a-f]{32}/g, 'public/***');

/** JSON lines to standard error, or to `file` (appended, 0600). Throws {@link StartError} when that cannot be opened. */
export const createLogger = async (options: { level: LogLevel; file?: string | undefined }): Promise<Logger> => {
  let write = (line: string): unknown => process.stderr.write(line);
  if (options.file !== undefined) {
    const stream = createWriteStream(options.file, { flags: 'a', mode: 0o600 });
    try {
      await once(stream, 'open');
    } catch (error) {
      throw new StartError(`cannot write the log file ${options.file}: ${messageOf(error)}`, { cause: error });
    }
    // A full disk must not stop the agent: what the file does not take goes to standard error.
    stream.on('error', (error) => process.stderr.write(`${options.file ?? ''}: ${error.message}\n`));
    write = (line) => stream.write(line);
  }
  return pino(
    { level: options.level, base: {}, timestamp: pino.stdTimeFunctions.isoTime, messageKey: 'message' },
    { write: (line) => void write(redact(line)) },
  );
};
