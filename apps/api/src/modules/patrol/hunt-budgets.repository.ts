import { Injectable } from '@nestjs/common';
import { DEFAULT_QUOTA, FILES_COLLECTION } from '#wire';
import type { Tx } from '../../platform/prisma/unit-of-work.js';

@Injectable()
export class HuntBudgetsRepository {
  /** Those of the keys that an accepted ticket named: collections, files, indexes of files in parts. */
  async named(tx: Tx, keys: readonly string[]): Promise<Set<string>> {
    const rows = await tx.$queryRaw<{ key: string }[]>`
      SELECT key FROM collections WHERE key = ANY(${[...keys]}::text[])
      UNION ALL SELECT key FROM collected_files WHERE key = ANY(${[...keys]}::text[])`;
    return new Set(rows.map(({ key }) => key));
  }

  /** Those of the runs (`hunt client`) whose ticket names a list of files instead of files. */
  async listing(tx: Tx, runs: readonly { flowId: string; clientId: string }[]): Promise<Set<string>> {
    const rows = await tx.$queryRaw<{ flowId: string; clientId: string }[]>`
      SELECT DISTINCT k.flow_id AS "flowId", k.client_id AS "clientId"
      FROM json_to_recordset(${JSON.stringify(runs)}::json) AS x("flowId" text, "clientId" text)
      JOIN collections k ON k.flow_id = x."flowId" AND k.client_id = x."clientId" AND k.name = ${FILES_COLLECTION.name}`;
    return new Set(rows.map(({ flowId, clientId }) => `${flowId} ${clientId}`));
  }

  /** What one client may store for each of these hunts, bytes. */
  async quotas(tx: Tx, huntIds: readonly string[]): Promise<Map<string, number>> {
    const rows = await tx.$queryRaw<{ id: string; bytes: number | null }[]>`
      SELECT flow_id AS id, max((spec_payload::json -> 'quota' ->> 'bytes')::float8) AS bytes
      FROM flow_attempts WHERE flow_id = ANY(${[...huntIds]}::text[]) GROUP BY flow_id`;
    return new Map(rows.map(({ id, bytes }) => [id, bytes ?? DEFAULT_QUOTA.bytes]));
  }
}
