import { StoreFailed, StoreUnreachable } from '#locations';
import { DomainError } from './domain-error.js';

/** Prisma's codes for a database that is away, closed the connection, or has none free. */
const DATABASE_AWAY = new Set(['P1001', 'P1002', 'P1008', 'P1017', 'P2024', 'P2028']);
/** The driver's own words for the same, where Prisma gives no code. */
const DRIVER_AWAY =
  /reach database server|Connection terminated|connection (timeout|was closed|is closed)|Query read timeout|timeout exceeded|terminating connection|server (has )?closed the connection|ECONNREFUSED|ECONNRESET|EPIPE/i;
/** What Postgres itself says when it takes nobody in: connection exceptions, too many connections, stopping, starting. */
const SQLSTATE_AWAY = /Code: `(08...|53300|57P0[1-5])`/;

/** The driver's pool says these of itself; Prisma hands them on as they are. */
const POOL_AWAY = /^(timeout exceeded when trying to connect|Query read timeout|Connection terminated)/;

const databaseAway = (error: unknown): boolean => {
  if (error instanceof Error && POOL_AWAY.test(error.message)) return true;
  if (!(error instanceof Error) || !error.name.startsWith('PrismaClient')) return false;
  const code = 'code' in error ? error.code : undefined;
  return (
    (typeof code === 'string' && DATABASE_AWAY.has(code)) ||
    SQLSTATE_AWAY.test(error.message) ||
    DRIVER_AWAY.test(error.message)
  );
};

const partAway = (error: unknown): string | undefined => {
  if (databaseAway(error)) return 'the database';
  return error instanceof StoreUnreachable || error instanceof StoreFailed ? 'the bucket' : undefined;
};

/** How many causes are followed: libraries wrap what they were told. */
const MOST_CAUSES = 5;

/** A part of ours that is away, as its caller sees it: 503 and when to try again. Undefined for anything else. */
export const asUnavailable = (thrown: unknown): DomainError | undefined => {
  let error = thrown;
  for (let depth = 0; depth < MOST_CAUSES && error instanceof Error && !(error instanceof DomainError); depth += 1) {
    const what = partAway(error);
    if (what !== undefined)
      return new DomainError('unavailable', 'service/unavailable', `Not available now: ${what} does not answer.`, {
        retryAfterSeconds: 5,
        cause: thrown,
      });
    error = error.cause;
  }
  return undefined;
};
