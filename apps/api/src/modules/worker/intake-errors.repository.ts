import { Prisma } from '../../generated/prisma/client.js';

/** SQLSTATE classes of values that Postgres cannot store: data exceptions and broken constraints. */
const DATA = /^(22|23)/;

/** True for an error that the values themselves caused: repeating it, or any other batch with them, fails the same. */
export const isDataError = (error: unknown): error is Error => {
  if (!(error instanceof Prisma.PrismaClientKnownRequestError)) return false;
  const text = `${JSON.stringify(error.meta ?? {})} ${error.message}`;
  const code = /(?:"code"\s*:\s*"|Code: `)([0-9A-Z]{5})/.exec(text)?.[1];
  return code !== undefined && DATA.test(code);
};
