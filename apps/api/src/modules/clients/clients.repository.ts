import { Injectable } from '@nestjs/common';
import { Prisma } from '../../generated/prisma/client.js';
import type { Reach } from '../../platform/access/policy.js';
import { withinReach } from '../../platform/prisma/scope-sql.js';
import type { Tx } from '../../platform/prisma/unit-of-work.js';
import { type Client, type ClientDetail, type ClientFilter, MAX_CLOCK_OFFSET_MS } from './domain/client.js';

const COLUMNS = Prisma.sql`
  c.id, c.hostname, c.fqdn, c.system, c.os_release AS "osRelease", c.architecture, c.agent_version AS "agentVersion",
  c.acceptance, c.registered_at AS "registeredAt", c.last_seen_at AS "lastSeenAt", c.claims, c.quarantined,
  c.clock_offset_ms::float8 AS "clockOffsetMs",
  coalesce(abs(c.clock_offset_ms) > ${MAX_CLOCK_OFFSET_MS}, false) AS "clockSkewed", c.crashes, c.over_quota AS "overQuota", c.overdue,
  ARRAY(SELECT l.label FROM client_labels l WHERE l.client_id = c.id ORDER BY l.label) AS labels`;

const DETAIL = Prisma.sql`${COLUMNS}, c.identity, c.first_seen_at AS "firstSeenAt", c.agent_start_at AS "agentStartAt",
  c.boot_at AS "bootAt", c.capabilities, c.cloned_from AS "clonedFrom", c.facts, c.clock_at AS "clockAt",
  c.crashed_at AS "crashedAt", c.over_quota_at AS "overQuotaAt", c.overdue_at AS "overdueAt"`;

const ID = Prisma.sql`c.id`;

const likeEscape = (text: string): string => text.replace(/[\\%_]/g, (c) => `\\${c}`);

@Injectable()
export class ClientsRepository {
  /** A page in order of id, within reach. */
  list(tx: Tx, reach: Reach, filter: ClientFilter, after: string | undefined, limit: number): Promise<Client[]> {
    const where: Prisma.Sql[] = [withinReach(ID, reach), Prisma.sql`c.tombstone_at IS NULL`];
    if (after !== undefined) where.push(Prisma.sql`c.id > ${after}`);
    if (filter.hostname !== undefined)
      where.push(Prisma.sql`lower(c.hostname) LIKE ${`${likeEscape(filter.hostname.toLowerCase())}%`}`);
    if (filter.claim !== undefined) where.push(Prisma.sql`${filter.claim} = ANY(c.claims)`);
    if (filter.label !== undefined)
      where.push(
        Prisma.sql`EXISTS (SELECT 1 FROM client_labels f WHERE f.client_id = c.id AND f.label = ${filter.label})`,
      );
    return tx.$queryRaw<
      Client[]
    >`SELECT ${COLUMNS} FROM clients c WHERE ${Prisma.join(where, ' AND ')} ORDER BY c.id LIMIT ${limit}`;
  }

  /** One client within reach. */
  async find(tx: Tx, reach: Reach, id: string): Promise<ClientDetail | undefined> {
    const rows = await tx.$queryRaw<ClientDetail[]>`
      SELECT ${DETAIL} FROM clients c WHERE c.id = ${id} AND c.tombstone_at IS NULL AND ${withinReach(ID, reach)}`;
    return rows[0];
  }

  /** Those of the clients that are within reach. */
  many(tx: Tx, reach: Reach, ids: readonly string[]): Promise<Client[]> {
    return tx.$queryRaw<Client[]>`
      SELECT ${COLUMNS} FROM clients c
      WHERE c.id = ANY(${[...ids]}::text[]) AND c.tombstone_at IS NULL AND ${withinReach(ID, reach)}`;
  }

  /** The same with all that is known of them. */
  details(tx: Tx, reach: Reach, ids: readonly string[]): Promise<ClientDetail[]> {
    return tx.$queryRaw<ClientDetail[]>`
      SELECT ${DETAIL} FROM clients c
      WHERE c.id = ANY(${[...ids]}::text[]) AND c.tombstone_at IS NULL AND ${withinReach(ID, reach)}`;
  }

  /** Whether a client is there at all, for the audit log: the caller is not told. */
  async exists(tx: Tx, id: string): Promise<boolean> {
    return (await tx.client.count({ where: { id } })) > 0;
  }

  /** Identity and queue of a client that may be tasked. */
  async taskable(tx: Tx, id: string): Promise<{ identity: string; acceptance: string } | undefined> {
    const row = await tx.client.findFirst({
      where: { id, tombstoneAt: null },
      select: { identity: true, acceptance: true },
    });
    return row ?? undefined;
  }
}
