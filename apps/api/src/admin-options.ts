import { parseArgs } from 'node:util';
import { z } from 'zod';
import { GrantScope } from './platform/access/grant-scope.js';
import { ROLES } from './platform/access/permission.js';

const Provision = z.object({
  user: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9@._-]{0,99}$/, 'a user name is 1 to 100 of A-Z a-z 0-9 @ . _ -'),
  role: z.enum(ROLES, `expected one of ${ROLES.join(', ')}`),
  scope: GrantScope,
  'token-name': z.string().min(1).max(100),
  expires: z.iso.datetime({ offset: true, message: 'expected an ISO 8601 time with a zone' }),
});

/** What the administrator's program is asked to do. */
export type AdminCommand =
  | { name: 'migrate' }
  | { name: 'rebuild' }
  | { name: 'config-doc' }
  | { name: 'recount' | 'audit-verify'; check: boolean }
  | { name: 'provision'; user: string; role: (typeof ROLES)[number]; scope: string; tokenName: string; expires: Date };

export const USAGE =
  'usage: admin migrate | provision --user N --role R --scope S --token-name N --expires ISO | rebuild | recount [--check] | audit-verify [--check] | config-doc';

/** Parses the command line. Throws an error that says what is wrong. */
export const parseAdminCommand = (args: string[]): AdminCommand => {
  const [name, ...rest] = args;
  switch (name) {
    case 'migrate':
    case 'rebuild':
    case 'config-doc':
      parseArgs({ args: rest, options: {}, strict: true });
      return { name };
    case 'recount':
    case 'audit-verify':
      return { name, check: parseArgs({ args: rest, options: { check: { type: 'boolean' } } }).values.check ?? false };
    case 'provision': {
      const string = { type: 'string' } as const;
      const options = { user: string, role: string, scope: string, 'token-name': string, expires: string };
      const given: Record<string, string | undefined> = parseArgs({ args: rest, options }).values;
      const parsed = Provision.safeParse(given);
      if (!parsed.success)
        throw new Error(
          parsed.error.issues
            .map((i) => `--${String(i.path[0])}: ${given[String(i.path[0])] === undefined ? 'is missing' : i.message}`)
            .join('; '),
        );
      const { user, role, scope, expires } = parsed.data;
      return { name, user, role, scope, tokenName: parsed.data['token-name'], expires: new Date(expires) };
    }
    default:
      throw new Error(USAGE);
  }
};
