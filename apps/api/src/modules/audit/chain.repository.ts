import { Injectable } from '@nestjs/common';
import type { AuditRow } from '#wire';
import { Prisma } from '../../generated/prisma/client.js';
import type { Tx } from '../../platform/prisma/unit-of-work.js';
import type { Head, Link } from './domain/chain.js';
import type { Horizon } from './domain/low-water.js';
import type { Seal } from './domain/seal.js';

const utc = (column: Prisma.Sql): Prisma.Sql =>
  Prisma.sql`to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

/** The columns of the canonical text, as Postgres writes them. */
const ROW = Prisma.sql`e.id::text AS id, ${utc(Prisma.sql`e.at`)} AS at, e.actor, e.token_id, e.action, e.object_kind,
  e.object_id, e.outcome, e.request_id, e.address, e.details::text AS details`;

const LINK = Prisma.sql`c.seq, c.event_id::text AS "eventId", c.event_hash AS "eventHash",
  ${utc(Prisma.sql`c.chained_at`)} AS "chainedAt", c.chain_hash AS "chainHash"`;

type Stored<T extends { seq: number }> = Omit<T, 'seq'> & { seq: bigint };
const withNumber = <T extends { seq: number }>(rows: Stored<T>[]): T[] =>
  rows.map((row) => ({ ...row, seq: Number(row.seq) }) as T);

/** The chain over the audit log, and what of it is sealed. Both tables are insert-only. */
@Injectable()
export class ChainRepository {
  /** Whether this transaction is the one that may add to the chain; the lock ends with it. */
  async tryLock(tx: Tx): Promise<boolean> {
    const rows = await tx.$queryRaw<{ got: boolean }[]>`
      SELECT pg_try_advisory_xact_lock(hashtextextended('rekall:audit-chain', 0)) AS got`;
    return rows[0]?.got === true;
  }

  async horizon(tx: Tx): Promise<Horizon> {
    const rows = await tx.$queryRaw<{ xmin: string; xmax: string; highest: bigint }[]>`
      SELECT pg_snapshot_xmin(s)::text AS xmin, pg_snapshot_xmax(s)::text AS xmax,
        (SELECT coalesce(max(id), 0) FROM audit_events) AS highest FROM pg_current_snapshot() AS s`;
    const [row] = rows;
    if (row === undefined) throw new Error('Postgres did not say which transactions are running');
    return { xmin: BigInt(row.xmin), xmax: BigInt(row.xmax), highest: row.highest };
  }

  /** Events above the id that have no link, whatever the order in which they were committed. */
  unchained(tx: Tx, aboveId: bigint, limit: number): Promise<AuditRow[]> {
    return tx.$queryRaw<AuditRow[]>`
      SELECT ${ROW} FROM audit_events e
      WHERE e.id > ${aboveId} AND NOT EXISTS (SELECT 1 FROM audit_chain c WHERE c.event_id = e.id)
      ORDER BY e.id LIMIT ${limit}`;
  }

  /** Events without a link whose id is below that of one with a link. */
  unchainedBelow(tx: Tx, limit: number): Promise<AuditRow[]> {
    return tx.$queryRaw<AuditRow[]>`
      SELECT ${ROW} FROM audit_events e
      WHERE e.id < (SELECT max(event_id) FROM audit_chain)
        AND NOT EXISTS (SELECT 1 FROM audit_chain c WHERE c.event_id = e.id)
      ORDER BY e.id LIMIT ${limit}`;
  }

  async countUnchained(tx: Tx): Promise<number> {
    const rows = await tx.$queryRaw<{ n: bigint }[]>`
      SELECT count(*) AS n FROM audit_events e WHERE NOT EXISTS (SELECT 1 FROM audit_chain c WHERE c.event_id = e.id)`;
    return Number(rows[0]?.n ?? 0n);
  }

  async head(tx: Tx): Promise<Head | undefined> {
    const rows = await tx.$queryRaw<{ seq: bigint; chainHash: string }[]>`
      SELECT seq, chain_hash AS "chainHash" FROM audit_chain ORDER BY seq DESC LIMIT 1`;
    return withNumber<Head>(rows)[0];
  }

  /** How many events are chained. */
  async countLinks(tx: Tx): Promise<number> {
    const rows = await tx.$queryRaw<{ n: bigint }[]>`SELECT count(*) AS n FROM audit_chain`;
    return Number(rows[0]?.n ?? 0n);
  }

  /** Links `from` to `to`, in order. */
  async links(tx: Tx, from: number, to: number, limit: number): Promise<Link[]> {
    const rows = await tx.$queryRaw<Stored<Link>[]>`
      SELECT ${LINK} FROM audit_chain c WHERE c.seq >= ${from} AND c.seq <= ${to} ORDER BY c.seq LIMIT ${limit}`;
    return withNumber<Link>(rows);
  }

  events(tx: Tx, ids: readonly string[]): Promise<AuditRow[]> {
    return tx.$queryRaw<AuditRow[]>`SELECT ${ROW} FROM audit_events e WHERE e.id = ANY(${[...ids]}::bigint[])`;
  }

  async insertLinks(tx: Tx, links: readonly Link[]): Promise<void> {
    await tx.$executeRaw`
      INSERT INTO audit_chain (seq, event_id, event_hash, chained_at, chain_hash)
      SELECT seq, "eventId", "eventHash", "chainedAt", "chainHash" FROM json_to_recordset(${JSON.stringify(links)}::json)
        AS x(seq bigint, "eventId" bigint, "eventHash" text, "chainedAt" timestamptz, "chainHash" text)
      ORDER BY seq`;
  }

  async lastSeal(tx: Tx): Promise<Seal | undefined> {
    const row = await tx.auditSeal.findFirst({ orderBy: { lastSeq: 'desc' } });
    return row === null ? undefined : { ...row, firstSeq: Number(row.firstSeq), lastSeq: Number(row.lastSeq) };
  }

  async insertSeal(tx: Tx, seal: Seal): Promise<void> {
    await tx.auditSeal.create({ data: { ...seal, firstSeq: BigInt(seal.firstSeq), lastSeq: BigInt(seal.lastSeq) } });
  }

  /** How many links are not sealed, and since when the oldest of them waits. */
  async unsealed(tx: Tx): Promise<{ links: number; oldest: Date | null }> {
    const rows = await tx.$queryRaw<{ links: bigint; oldest: Date | null }[]>`
      SELECT count(*) AS links, min(chained_at) AS oldest FROM audit_chain
      WHERE seq > (SELECT coalesce(max(last_seq), 0) FROM audit_seals)`;
    return { links: Number(rows[0]?.links ?? 0n), oldest: rows[0]?.oldest ?? null };
  }

  /** True when neither events nor links nor seals are there. */
  async isEmpty(tx: Tx): Promise<boolean> {
    const rows = await tx.$queryRaw<{ empty: boolean }[]>`
      SELECT NOT EXISTS (SELECT 1 FROM audit_events) AND NOT EXISTS (SELECT 1 FROM audit_chain)
        AND NOT EXISTS (SELECT 1 FROM audit_seals) AS empty`;
    return rows[0]?.empty === true;
  }

  /** Events as they were, with their ids. */
  async restoreEvents(tx: Tx, rows: readonly AuditRow[]): Promise<void> {
    await tx.$executeRaw`
      INSERT INTO audit_events (id, at, actor, token_id, action, object_kind, object_id, outcome, request_id, address, details)
      SELECT id, at, actor, token_id, action, object_kind, object_id, outcome, request_id, address, details::jsonb
      FROM json_to_recordset(${JSON.stringify(rows)}::json) AS x(id bigint, at timestamptz, actor text, token_id text,
        action text, object_kind text, object_id text, outcome text, request_id text, address text, details text)`;
  }

  /** Draws ids until new events get higher ones than all that are there. */
  async skipIds(tx: Tx): Promise<void> {
    await tx.$queryRaw`
      SELECT max(nextval(pg_get_serial_sequence('audit_events', 'id')))
      FROM generate_series(1, (SELECT coalesce(max(id), 0) FROM audit_events))`;
  }
}
