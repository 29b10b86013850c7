import { Prisma } from '../../generated/prisma/client.js';
import { FINAL_STATES } from '#wire';

/* Which flows and hunts concern a job file, for every statement that asks. `f` is the row of flows. */

/** Those that may still have an entry: live, or ended since. */
export const mayHaveEntry = (since: Date): Prisma.Sql => Prisma.sql`(
  (f.hunt_state IS NULL OR f.hunt_state NOT IN ('Draft', 'Waiting', 'Refused'))
  AND f.expires_at > ${since} AND (f.ended_at IS NULL OR f.ended_at > ${since} OR f.entry_state = 'cancelled'))`;

/**
 * Those that everybody whom they concern has answered for good: no late result can come, so the entry is there for
 * readers only, and makes room when the file has none. `a` is the row of the highest attempt.
 */
export const SETTLED = Prisma.sql`(f.entry_state <> 'open' AND CASE
  WHEN f.is_hunt THEN f.hunt_state = 'Completed' AND f.ended_at < f.expires_at
  ELSE EXISTS (SELECT 1 FROM flow_runs r
    WHERE r.flow_id = f.id AND r.client_id = f.client_id AND r.attempt >= a.attempt AND r.state = ANY(${[...FINAL_STATES]}::text[]))
  END)`;
