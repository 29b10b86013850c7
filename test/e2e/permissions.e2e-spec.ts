import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  type Permission,
  PERMISSIONS,
  ROLE_PERMISSIONS,
  ROLES,
} from '../../apps/api/src/platform/access/permission.js';

/** The table of docs/permissions.md, written by hand: permission -> role -> yes or no. */
const readTable = (): Map<string, Map<string, boolean>> => {
  const text = readFileSync(new URL('../../docs/permissions.md', import.meta.url), 'utf8');
  const lines = text.split('\n').filter((line) => line.startsWith('| '));
  const head = lines.find((line) => line.startsWith('| permission'));
  const cells = (line: string): string[] =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim());
  const roles = cells(head ?? '').slice(1);
  const rows = lines.filter((line) => /^\| `[a-z]+\.[a-z]+`/.test(line));
  return new Map(
    rows.map((line) => {
      const [name = '', ...given] = cells(line);
      return [name.replaceAll('`', ''), new Map(roles.map((role, i) => [role, given[i] === 'yes']))];
    }),
  );
};

describe('docs/permissions.md', () => {
  const table = readTable();

  it('names every permission and every role', () => {
    expect([...table.keys()].sort()).toEqual(Object.keys(PERMISSIONS).sort());
    expect([...(table.get('me.read')?.keys() ?? [])].sort()).toEqual([...ROLES].sort());
  });

  it.each(ROLES)('gives %s exactly what the policy gives', (role) => {
    const written = [...table].filter(([, roles]) => roles.get(role) === true).map(([permission]) => permission);
    expect(written.sort()).toEqual([...ROLE_PERMISSIONS[role]].sort() satisfies Permission[]);
  });
});
