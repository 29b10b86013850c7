import { Injectable, Logger } from '@nestjs/common';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { PreconditionFailed, TooLarge } from '#locations';
import { keys, type LedgerLine, MAX_TICKET_BYTES, randomHex32 } from '#wire';
import { mapLimit } from '../../platform/async/map-limit.js';
import { Clock } from '../../platform/clock/clock.js';
import { FaultPoints } from '../../platform/fault/fault-points.js';
import { UnitOfWork } from '../../platform/prisma/unit-of-work.js';
import { Store } from '../../platform/store/store.module.js';
import { PgSession } from '../../platform/prisma/pg-session.js';
import { LedgerRegister } from '../ledger/index.js';
import { ArchiveRepository, type UnarchivedQuarantine, type UnarchivedTicket } from './archive.repository.js';
import { textOf } from './domain/open-ticket.js';
import { ObjectLocator } from './object-locator.service.js';
import { TicketBodies } from './ticket-bodies.js';

const BATCH = 1000;
const GETS = 32;
/** Read at once, and then looked at: an archive object ends above this many bytes of tickets. */
const SLICE = 128;
const OBJECT_BYTES = 32 * 1024 * 1024;

/** What is read back of a ticket: its bytes, none when it was too large, or that it is gone or another one by now. */
type Verbatim = { kind: 'bytes'; body: Buffer; lastModified: Date } | { kind: 'too-large' } | { kind: 'gone' };

const compress = promisify(gzip);

/**
 * Moves processed tickets out of `tickets/`: one object with the verbatim tickets, written down before it is put, then exactly those are deleted, then
 * Postgres is told. A crash in between leaves some of them twice, which every reader drops by key and ETag.
 */
@Injectable()
export class ArchiveService {
  private readonly logger = new Logger(ArchiveService.name);
  private readonly worker = randomHex32();

  constructor(
    private readonly repository: ArchiveRepository,
    private readonly work: UnitOfWork,
    private readonly session: PgSession,
    private readonly store: Store,
    private readonly locator: ObjectLocator,
    private readonly bodies: TicketBodies,
    private readonly register: LedgerRegister,
    private readonly faults: FaultPoints,
    private readonly clock: Clock,
  ) {}

  /** True when a whole batch waits. */
  async isDue(): Promise<boolean> {
    return (await this.repository.waiting(this.work.plain, BATCH)) >= BATCH;
  }

  /** Archives everything that waits; answers how many. Zero when another worker is at it. */
  async archiveAll(): Promise<number> {
    const archived = await this.session.underLock('archive', async () => {
      let total = 0;
      for (;;) {
        const moved = (await this.tickets()) + (await this.quarantined());
        if (moved === 0) return total;
        total += moved;
      }
    });
    return archived ?? 0;
  }

  private async tickets(): Promise<number> {
    const rows = await this.repository.tickets(this.work.plain, BATCH);
    const present = await this.locator.under(
      keys.ticketsPrefix,
      rows.map((row) => row.key),
    );
    const read = (row: UnarchivedTicket): Promise<Verbatim> => this.kept(row, present.get(row.key)?.etag);
    return this.inSlices(rows, read, async (part, texts) => {
      const kept = part.flatMap((row, i) => {
        const text = texts[i];
        return text === undefined || text.kind === 'gone' ? [] : [{ row, text }];
      });
      if (kept.length < part.length)
        this.logger.log(
          `${part.length - kept.length} tickets were gone before they were archived, or archived before a crash`,
        );
      const lines = kept.map(({ row, text }) =>
        lineOf(row, text, { last_modified: row.lastModified.toISOString(), verdict: row.verdict }),
      );
      await this.write(
        'ledger',
        lines,
        kept.map(({ row }) => row.key),
      );
      await this.repository.markTickets(
        this.work.plain,
        part.map((row) => row.key),
        this.clock.now(),
      );
    });
  }

  private async quarantined(): Promise<number> {
    const rows = await this.repository.quarantined(this.work.plain, BATCH);
    const read = (row: UnarchivedQuarantine): Promise<Verbatim> => this.read(row.key, row.etag);
    return this.inSlices(rows, read, async (part, texts) => {
      const kept = part.flatMap((row, i) => {
        const text = texts[i];
        return text === undefined || text.kind === 'gone' ? [] : [{ row, text }];
      });
      const lines = kept.map(({ row, text }) => {
        const lastModified = row.lastModified ?? (text.kind === 'bytes' ? text.lastModified : this.clock.now());
        const reason = `${row.reason}: ${row.detail}`.slice(0, 2000);
        return lineOf(row, text, { last_modified: lastModified.toISOString(), verdict: 'quarantined', reason });
      });
      const key = await this.write(
        'quarantine',
        lines,
        kept.map(({ row }) => row.key),
      );
      await this.repository.markQuarantined(this.work.plain, part, key ?? '', this.clock.now());
    });
  }

  /** Reads tickets back and hands them on in parts that make one object each. */
  private async inSlices<R>(
    rows: readonly R[],
    readOne: (row: R) => Promise<Verbatim>,
    write: (part: readonly R[], texts: readonly Verbatim[]) => Promise<void>,
  ): Promise<number> {
    let part: R[] = [];
    let texts: Verbatim[] = [];
    let bytes = 0;
    for (let at = 0; at < rows.length; at += SLICE) {
      const slice = rows.slice(at, at + SLICE);
      const read = await mapLimit(slice, GETS, readOne);
      part.push(...slice);
      texts.push(...read);
      bytes += read.reduce((sum, text) => sum + (text.kind === 'bytes' ? text.body.length : 0), 0);
      if (bytes < OBJECT_BYTES && at + SLICE < rows.length) continue;
      await write(part, texts);
      part = [];
      texts = [];
      bytes = 0;
    }
    return rows.length;
  }

  /** From memory, where intake left it and the bucket still has the same; else from the bucket. */
  private async kept(row: UnarchivedTicket, presentEtag: string | undefined): Promise<Verbatim> {
    const body = this.bodies.take(row.key, row.etag);
    if (presentEtag === undefined) return { kind: 'gone' };
    if (body === undefined || presentEtag !== row.etag) return this.read(row.key, row.etag);
    return { kind: 'bytes', body, lastModified: row.lastModified };
  }

  private async read(key: string, etag: string): Promise<Verbatim> {
    try {
      const got = await this.store.bucket.get(key, { maxBytes: MAX_TICKET_BYTES, ifMatch: etag });
      return got.kind === 'found'
        ? { kind: 'bytes', body: got.body, lastModified: got.info.lastModified }
        : { kind: 'gone' };
    } catch (error) {
      if (error instanceof PreconditionFailed) return { kind: 'gone' };
      if (error instanceof TooLarge) return { kind: 'too-large' };
      throw error;
    }
  }

  private async write(
    kind: 'ledger' | 'quarantine',
    lines: readonly LedgerLine[],
    ticketKeys: string[],
  ): Promise<string | undefined> {
    if (lines.length === 0) return undefined;
    const body = await compress(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    const at = this.clock.now();
    const key = keys.ledger(kind, at, this.worker, body);
    await this.register.add(key, at);
    await this.store.bucket.put(key, body, { contentType: 'application/gzip' });
    this.faults.reached('after-ledger');
    await this.store.bucket.delete(ticketKeys);
    this.faults.reached('after-delete');
    return key;
  }
}

const lineOf = (
  row: { key: string; etag: string },
  text: Verbatim,
  more: Pick<LedgerLine, 'last_modified' | 'verdict' | 'reason'>,
): LedgerLine => {
  const line: LedgerLine = { key: row.key, etag: row.etag, ...more };
  if (text.kind !== 'bytes') return line;
  const ticket = textOf(text.body);
  return ticket === undefined ? { ...line, ticket_base64: text.body.toString('base64') } : { ...line, ticket };
};
