import { Injectable } from '@nestjs/common';
import { FINAL_STATES } from '#wire';
import type { Tx } from '../../platform/prisma/unit-of-work.js';
import { ENDED_HUNT_STATES } from './domain/flow-state.js';

@Injectable()
export class EndingsRepository {
  /** Which of these flows and hunts have ended, as `isOver` and the hunt’s state say; those that are gone have too. */
  async ended(tx: Tx, ids: readonly string[], now: Date): Promise<Set<string>> {
    const rows = await tx.$queryRaw<{ id: string }[]>`
      SELECT asked.id FROM unnest(${[...ids]}::text[]) AS asked(id) LEFT JOIN flows f ON f.id = asked.id
      WHERE f.id IS NULL
        OR CASE WHEN f.is_hunt THEN f.hunt_state = ANY(${[...ENDED_HUNT_STATES]}::text[])
           ELSE f.expires_at < ${now} OR EXISTS (
             SELECT 1 FROM flow_runs r
             WHERE r.flow_id = f.id AND r.client_id = f.client_id AND r.state = ANY(${[...FINAL_STATES]}::text[])) END`;
    return new Set(rows.map(({ id }) => id));
  }
}
