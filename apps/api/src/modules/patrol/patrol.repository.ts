import { Injectable } from '@nestjs/common';
import type { Tx } from '../../platform/prisma/unit-of-work.js';
import type { Behind } from './domain/behind.js';

/** What lies under one client's id. */
export interface Charge {
  clientId: string;
  bytes: number;
  objects: number;
}

/** What the last whole LIST found. */
export interface PatrolNote {
  objects: number;
  bytes: number;
  orphans: number;
  orphan_bytes: number;
  removed: number;
  stopped_hunts: string[];
  /** Under which more lies that no ticket names than a hunt may store. */
  flooded_hunts: string[];
  /** null: the database knows what the bucket's ledger holds. */
  behind: Behind | null;
}

const NAME = 'patrol';
const FAILURE = 'patrol_failure';

@Injectable()
export class PatrolRepository {
  /** When the last one ended. */
  async lastAt(tx: Tx): Promise<Date | undefined> {
    return (await tx.workerNote.findUnique({ where: { name: NAME } }))?.at;
  }

  /** Whether the last one found the database older than the bucket. */
  async wasBehind(tx: Tx): Promise<boolean> {
    const rows = await tx.$queryRaw<{ behind: boolean }[]>`
      SELECT coalesce(note -> 'behind', 'null') <> 'null' AS behind FROM worker_notes WHERE name = ${NAME}`;
    return rows[0]?.behind ?? false;
  }

  /** It went well: what failed before is over. */
  async save(tx: Tx, note: PatrolNote, at: Date): Promise<void> {
    const json = { ...note, behind: note.behind === null ? null : { ...note.behind } };
    await tx.workerNote.upsert({
      where: { name: NAME },
      create: { name: NAME, note: json, at },
      update: { note: json, at },
    });
    await tx.workerNote.deleteMany({ where: { name: FAILURE } });
  }

  /** It failed, once more since the last that went well. */
  async saveFailure(tx: Tx, error: string, at: Date): Promise<void> {
    await tx.$executeRaw`
      INSERT INTO worker_notes (name, note, at) VALUES (${FAILURE}, jsonb_build_object('error', ${error}::text, 'failures', 1), ${at})
      ON CONFLICT (name) DO UPDATE SET at = excluded.at,
        note = excluded.note || jsonb_build_object('failures', (worker_notes.note ->> 'failures')::int + 1)`;
  }

  /** Forgets what an unfinished count had. */
  async beginCount(tx: Tx): Promise<void> {
    await tx.$executeRaw`UPDATE client_usage SET next_bytes = 0, next_objects = 0 WHERE next_objects > 0`;
  }

  async charge(tx: Tx, charges: readonly Charge[]): Promise<void> {
    await tx.$executeRaw`
      INSERT INTO client_usage (client_id, next_bytes, next_objects)
      SELECT "clientId", bytes, objects
      FROM json_to_recordset(${JSON.stringify(charges)}::json) AS x("clientId" text, bytes bigint, objects bigint)
      ORDER BY 1
      ON CONFLICT (client_id) DO UPDATE SET
        next_bytes = client_usage.next_bytes + excluded.next_bytes,
        next_objects = client_usage.next_objects + excluded.next_objects`;
  }

  /** What was counted becomes what is known. */
  async endCount(tx: Tx): Promise<void> {
    await tx.$executeRaw`DELETE FROM client_usage WHERE next_objects = 0`;
    await tx.$executeRaw`UPDATE client_usage SET bytes = next_bytes, objects = next_objects, next_bytes = 0, next_objects = 0`;
  }
}
