import { createHash } from 'node:crypto';
import { Prisma } from '../../generated/prisma/client.js';

const MARK = '/* prepared */';

/**
 * At the beginning of a statement that each request makes: Postgres parses and plans it once a connection. For texts
 * that are always the same and have one good plan, whatever the values; a text that varies would be kept for ever.
 */
export const PREPARED = Prisma.raw(MARK);

const names = new Map<string, string>();

/** The name under which Postgres keeps a statement; empty, which is none, for one that is not marked by {@link PREPARED}. */
export const preparedName = ({ sql }: { sql: string }): string => {
  if (!sql.trimStart().startsWith(MARK)) return '';
  const name = names.get(sql) ?? `rekall_${createHash('sha256').update(sql).digest('hex').slice(0, 32)}`;
  names.set(sql, name);
  return name;
};
