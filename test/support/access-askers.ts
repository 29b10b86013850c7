import type { RoleName } from '../../apps/api/src/platform/access/permission.js';
import type { Asker } from './access-calls.js';
import { type AccessWorld, MINE, MINE_TOO } from './access-world.js';

/** One who holds a role over the labels of their own scope, and one who holds it over everything. */
export interface Askers {
  fleet: Asker;
  all: Asker;
}

/** Real people with tokens, by role. */
export const makeAskers = async (world: AccessWorld, roles: Iterable<string>): Promise<Map<string, Askers>> => {
  const askers = new Map<string, Askers>();
  for (const role of roles) {
    const name = role as RoleName;
    const fleet = await world.api.as(
      { role: name, scope: `label:${MINE}` },
      { role: name, scope: `label:${MINE_TOO}` },
    );
    const all = await world.api.as({ role: name, scope: '*' });
    askers.set(role, { fleet: { ...fleet, role }, all: { ...all, role } });
  }
  return askers;
};
