import { readFileSync } from 'node:fs';

/** What may be asked for: an object of one's own scope, of another one, one that is not there any more, nonsense. */
export const CASES = ['own', 'other', 'gone', 'bad'] as const;
export type Case = (typeof CASES)[number];

/** What a caller gets who holds what is needed. `holds` says whether the object is in the answer; undefined: not said. */
export interface Expected {
  status: number;
  holds: boolean | undefined;
}

/** A row of the table of routes. */
export interface RouteRow {
  route: string;
  needs: string[];
  scope: string;
  cases: ReadonlyMap<Case, Expected>;
}

const cellsOf = (line: string): string[] =>
  line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());

const expectedOf = (text: string, route: string): Expected | undefined => {
  if (text === '-') return undefined;
  const [, status, word] = /^(\d{3})(?: (with|without))?$/.exec(text) ?? [];
  if (status === undefined) throw new Error(`docs/permissions.md: ${route}: ${text} is no answer`);
  return { status: Number(status), holds: word === undefined ? undefined : word === 'with' };
};

/** A table of docs/permissions.md by the head of its first column: one record a line, by the heads. */
const tableOf = (text: string, first: string): Record<string, string>[] => {
  const lines = text.split('\n');
  const start = lines.findIndex((line) => cellsOf(line)[0] === first);
  if (start < 0) throw new Error(`docs/permissions.md has no table of ${first}`);
  const heads = cellsOf(lines[start] ?? '');
  const rows: Record<string, string>[] = [];
  for (const line of lines.slice(start + 2)) {
    if (!line.startsWith('|')) break;
    const cells = cellsOf(line);
    rows.push(Object.fromEntries(heads.map((head, i) => [head, cells[i] ?? ''])));
  }
  return rows;
};

const unquoted = (text: string): string => text.replaceAll('`', '');

/** A row of the table of GraphQL operations and fields. */
export interface FieldRow {
  field: string;
  needs: string[];
  /** The route that answers the same. */
  as: RouteRow;
}

/** docs/permissions.md, as people wrote it. */
export const readPermissions = (): { roles: Map<string, Set<string>>; routes: RouteRow[]; fields: FieldRow[] } => {
  const text = readFileSync(new URL('../../docs/permissions.md', import.meta.url), 'utf8');
  const roles = new Map<string, Set<string>>();
  for (const { permission = '', ...given } of tableOf(text, 'permission'))
    for (const [role, answer] of Object.entries(given)) {
      const held = roles.get(role) ?? new Set();
      if (answer === 'yes') held.add(unquoted(permission));
      roles.set(role, held);
    }
  const routes = tableOf(text, 'route').map((row): RouteRow => {
    const route = unquoted(row['route'] ?? '');
    const needs = row['needs'] === 'nothing' ? [] : unquoted(row['needs'] ?? '').split(' and ');
    const cases = CASES.flatMap((name): [Case, Expected][] => {
      const expected = expectedOf(row[name] ?? '', route);
      return expected === undefined ? [] : [[name, expected]];
    });
    return { route, needs, scope: unquoted(row['scope'] ?? ''), cases: new Map(cases) };
  });
  const fields = tableOf(text, 'field').map((row): FieldRow => {
    const field = unquoted(row['field'] ?? '');
    const as = routes.find(({ route }) => route === unquoted(row['as'] ?? ''));
    if (as === undefined) throw new Error(`docs/permissions.md: ${field}: ${row['as'] ?? ''} is no route`);
    return { field, needs: unquoted(row['needs'] ?? '').split(' and '), as };
  });
  return { roles, routes, fields };
};
