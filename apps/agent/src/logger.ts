import pino from 'pino';
import { LogFile } from './log-file.js';

export type Logger = pino.Logger;

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** The deployment's shared secret is part of every public key: no log line ever holds it. */
export const redact = (line: string): string => line.replace(/public\/[0-9a-f]{32}/g, 'public/***');

/** A log file is rotated at this size, and so many old ones are kept: never more than 60 MB. */
const MAX_LOG_BYTES = 10_000_000;
const KEPT_LOGS = 5;

/** JSON lines to standard error, or to `file` (appended, 0600, rotated). Throws StartError when that cannot be opened. */
export const createLogger = (options: { level: LogLevel; file?: string | undefined; maxBytes?: number }): Logger => {
  let write = (line: string): unknown => process.stderr.write(line);
  if (options.file !== undefined) {
    const log = new LogFile(options.file, {
      maxBytes: options.maxBytes ?? MAX_LOG_BYTES,
      keep: KEPT_LOGS,
      onError: (message) => process.stderr.write(`${message}\n`),
    });
    write = (line) => log.write(line);
  }
  return pino(
    { level: options.level, base: {}, timestamp: pino.stdTimeFunctions.isoTime, messageKey: 'message' },
    { write: (line) => void write(redact(line)) },
  );
};
