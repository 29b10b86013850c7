import { Injectable, Logger } from '@nestjs/common';
import { type AuditLine, type AuditRow, parseAuditRow, type SealedSegment } from '#wire';
import { UnitOfWork } from '../../platform/prisma/unit-of-work.js';
import { ChainRepository } from './chain.repository.js';
import { GENESIS, type Head } from './domain/chain.js';
import { SegmentReader } from './segment-reader.service.js';

/** The log cannot be restored as it is sealed. */
export class AuditRestoreRefused extends Error {
  override readonly name = 'AuditRestoreRefused';
}

/** Fills an empty audit log from the sealed segments: events with their ids, links, and where they are sealed. */
@Injectable()
export class AuditRestore {
  private readonly logger = new Logger(AuditRestore.name);

  constructor(
    private readonly repository: ChainRepository,
    private readonly segments: SegmentReader,
    private readonly work: UnitOfWork,
  ) {}

  /**
   * Answers how many events were restored; one that ended halfway is gone on with. Throws AuditRestoreRefused when there are segments and the log is not empty,
   * or they do not follow each other, and SegmentDamaged.
   */
  async restore(): Promise<number> {
    const last = await this.repository.lastSeal(this.work.plain); // of a restoration that ended halfway
    let head: Head = last === undefined ? GENESIS : { seq: last.lastSeq, chainHash: last.chainHash };
    let restored = 0;
    for await (const key of this.segments.keys(last?.key)) {
      if (head.seq === 0 && !(await this.repository.isEmpty(this.work.plain)))
        throw new AuditRestoreRefused(
          'audit_events is not empty: rebuild needs a database that was only just migrated',
        );
      const { head: sealed, lines } = await this.segments.read(key);
      if (sealed.first_seq !== head.seq + 1 || sealed.previous_hash !== head.chainHash)
        throw new AuditRestoreRefused(
          `${key} does not follow from the segment before it (seq ${head.seq}); restore the missing one, or move the later ones away to rebuild without them`,
        );
      restored += await this.write(key, sealed, lines);
      head = { seq: sealed.last_seq, chainHash: sealed.chain_hash };
    }
    if (head.seq > 0) await this.repository.skipIds(this.work.plain);
    return restored;
  }

  private async write(key: string, sealed: SealedSegment['head'], lines: readonly AuditLine[]): Promise<number> {
    const rows: AuditRow[] = lines.flatMap(({ row }) => (row === null ? [] : [parseAuditRow(row)]));
    if (rows.length < lines.length)
      this.logger.warn(
        `${key}: ${lines.length - rows.length} events were sealed without their rows and are not restored`,
      );
    await this.work.run(async (tx) => {
      await this.repository.restoreEvents(tx, rows);
      await this.repository.insertLinks(
        tx,
        lines.map((line) => ({
          seq: line.seq,
          eventId: line.event_id,
          eventHash: line.event_hash,
          chainedAt: line.chained_at,
          chainHash: line.chain_hash,
        })),
      );
      await this.repository.insertSeal(tx, {
        firstSeq: sealed.first_seq,
        lastSeq: sealed.last_seq,
        chainHash: sealed.chain_hash,
        key,
        sealedAt: new Date(sealed.sealed_at),
      });
    });
    return rows.length;
  }
}
