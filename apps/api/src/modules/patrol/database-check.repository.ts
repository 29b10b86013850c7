import { Injectable } from '@nestjs/common';
import type { Tx } from '../../platform/prisma/unit-of-work.js';

@Injectable()
export class DatabaseCheckRepository {
  /** Those of the flows and hunts that are not here. */
  async unknownFlows(tx: Tx, ids: readonly string[]): Promise<string[]> {
    const rows = await tx.$queryRaw<{ id: string }[]>`
      SELECT asked.id FROM unnest(${[...ids]}::text[]) AS asked(id)
      WHERE NOT EXISTS (SELECT 1 FROM flows f WHERE f.id = asked.id) ORDER BY asked.id`;
    return rows.map(({ id }) => id);
  }
}
