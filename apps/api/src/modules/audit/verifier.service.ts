import { Injectable } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import type { AuditLine, SealedSegment } from '#wire';
import { UnitOfWork } from '../../platform/prisma/unit-of-work.js';
import { ChainRepository } from './chain.repository.js';
import { GENESIS, type Head, type Link } from './domain/chain.js';
import { EventCheck } from './domain/event-check.js';
import { type Finding, Findings } from './domain/finding.js';
import { LateCheck } from './domain/late-check.js';
import { LinkCheck } from './domain/link-check.js';
import { SegmentDamaged, SegmentReader } from './segment-reader.service.js';

const PAGE = 1000;
/** A running worker chains within two seconds; what it has not taken by then it will not take. */
const CHAINED_WITHIN_MS = 3000;

/** How the log stands. */
export interface Verified {
  /** Nothing was edited, deleted, inserted or re-ordered. */
  intact: boolean;
  findings: Finding[];
  /** There are more findings than are listed. */
  more: boolean;
  /** Events of the chain, and how many of them are sealed in the bucket. */
  chained: number;
  sealed: number;
  segments: number;
  /** Events that nobody has chained yet: what happens to them leaves no trace. */
  unchained: number;
}

/** One run of a verification. */
interface Run {
  findings: Findings;
  links: LinkCheck;
  events: EventCheck;
  late: LateCheck;
  /** Sealed events that no link names any more: found already. */
  unlinked: Set<string>;
}

/**
 * Holds the audit log in Postgres against its chain, and both against what is sealed in the bucket. What is sealed is
 * the truth; after it the chain is; what is neither is counted.
 */
@Injectable()
export class AuditVerifier {
  constructor(
    private readonly repository: ChainRepository,
    private readonly segments: SegmentReader,
    private readonly work: UnitOfWork,
  ) {}

  async verify(): Promise<Verified> {
    const findings = new Findings();
    const run: Run = {
      findings,
      links: new LinkCheck(findings),
      events: new EventCheck(findings),
      late: new LateCheck(findings),
      unlinked: new Set(),
    };
    const { head, segments } = await this.sealed(run);
    await this.unsealed(run, head, undefined);
    run.links.finish();
    run.events.finish();
    await this.insertedUnchained(run);
    return {
      intact: findings.list.length === 0,
      findings: findings.list,
      more: findings.more,
      chained: await this.repository.countLinks(this.work.plain),
      sealed: head.seq,
      segments,
      unchained: await this.repository.countUnchained(this.work.plain),
    };
  }

  /** What the segments cover; answers where that ends. */
  private async sealed(run: Run): Promise<{ head: Head; segments: number }> {
    let head = GENESIS;
    let segments = 0;
    for await (const key of this.segments.keys()) {
      const segment = await this.read(run, key);
      if (segment === undefined) continue;
      segments++;
      const { first_seq, last_seq, previous_hash, chain_hash } = segment.head;
      if (first_seq <= head.seq) {
        run.findings.add('segment', [], [first_seq, last_seq], `${key} seals again what another segment has sealed`);
        continue;
      }
      if (first_seq > head.seq + 1) {
        const missing = `seq ${head.seq + 1} to ${first_seq - 1}`;
        run.findings.add(
          'segment',
          [],
          [head.seq + 1, first_seq - 1],
          `no segment in the bucket seals ${missing} any more`,
        );
        head = await this.unsealed(run, head, first_seq - 1);
      }
      if (previous_hash !== head.chainHash)
        run.findings.add(
          'segment',
          [],
          [first_seq],
          `${key} does not follow from what is chained before seq ${first_seq}`,
        );
      await this.compare(run, segment.lines);
      head = { seq: last_seq, chainHash: chain_hash };
    }
    const last = await this.repository.lastSeal(this.work.plain);
    if (last !== undefined && last.lastSeq > head.seq && !(await this.isThere(last.key)))
      run.findings.add(
        'segment',
        [],
        [last.firstSeq, last.lastSeq],
        `${last.key} was sealed and is not in the bucket any more`,
      );
    return { head, segments };
  }

  private async isThere(key: string): Promise<boolean> {
    for await (const found of this.segments.keys()) if (found === key) return true;
    return false;
  }

  private async read(run: Run, key: string): Promise<SealedSegment | undefined> {
    try {
      return await this.segments.read(key);
    } catch (error) {
      if (!(error instanceof SegmentDamaged)) throw error;
      run.findings.add('segment', [], [], error.message);
      return undefined;
    }
  }

  private async compare(run: Run, lines: readonly AuditLine[]): Promise<void> {
    const first = lines[0]?.seq ?? 0;
    const found = await this.repository.links(this.work.plain, first, first + lines.length - 1, lines.length);
    const links = new Map(found.map((link) => [link.seq, link]));
    const events = await this.eventsOf(lines.map((line) => line.event_id));
    for (const line of lines) {
      const link = links.get(line.seq);
      if (link !== undefined) run.links.sealed(link, line);
      if (link?.eventId !== line.event_id) run.unlinked.add(line.event_id);
      const { seq, event_id: eventId, event_hash: eventHash, row } = line;
      run.late.check({ seq, eventId, chainedAt: line.chained_at });
      run.events.check({ seq, eventId, eventHash, row }, events.get(eventId), link !== undefined);
    }
  }

  /** Links that no segment covers, up to `to`; answers where they end. */
  private async unsealed(run: Run, from: Head, to: number | undefined): Promise<Head> {
    let head = from;
    for (;;) {
      const links = await this.repository.links(this.work.plain, head.seq + 1, to ?? Number.MAX_SAFE_INTEGER, PAGE);
      const next = run.links.unsealed(head, links);
      const events = await this.eventsOf(links.map((link) => link.eventId));
      for (const link of links) {
        run.late.check(link);
        run.events.check(expectedOf(link), events.get(link.eventId), true);
      }
      head = next;
      if (links.length < PAGE) break;
    }
    if (to === undefined || head.seq === to) return head;
    run.links.gap(head.seq + 1, to);
    return { seq: to, chainHash: head.chainHash };
  }

  private async eventsOf(ids: readonly string[]) {
    const rows = await this.repository.events(this.work.plain, ids);
    return new Map(rows.map((row) => [row.id, row]));
  }

  /** Unchained events below chained ones, that a worker does not take either. */
  private async insertedUnchained(run: Run): Promise<void> {
    let found = await this.repository.unchainedBelow(this.work.plain, PAGE);
    if (found.length > 0) {
      await delay(CHAINED_WITHIN_MS);
      const still = new Set((await this.repository.unchainedBelow(this.work.plain, PAGE)).map(({ id }) => id));
      found = found.filter(({ id }) => still.has(id));
    }
    for (const { id, at, actor, action } of found.filter((event) => !run.unlinked.has(event.id ?? '')))
      run.findings.add(
        'inserted',
        [id ?? ''],
        [],
        `event ${String(id)} (${String(at)}, ${String(actor)}, ${String(action)}) is not chained, while later ones are: it was inserted, or its link was deleted, or it committed late while no worker was running`,
      );
  }
}

const expectedOf = ({ seq, eventId, eventHash }: Link) => ({ seq, eventId, eventHash, row: null });
