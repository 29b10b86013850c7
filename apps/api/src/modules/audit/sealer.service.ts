import { Inject, Injectable, Logger } from '@nestjs/common';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import {
  auditEventHash,
  type AuditLine,
  auditRowText,
  keys,
  MAX_SEGMENT_ROWS,
  type SignedFile,
  signedFileText,
} from '#wire';
import { Clock } from '../../platform/clock/clock.js';
import type { WorkerConfig } from '../../platform/config/env.js';
import { WORKER_CONFIG } from '../../platform/config/tokens.js';
import { FaultPoints } from '../../platform/fault/fault-points.js';
import { PgSession } from '../../platform/prisma/pg-session.js';
import { UnitOfWork } from '../../platform/prisma/unit-of-work.js';
import { Store } from '../../platform/store/store.module.js';
import { ChainRepository } from './chain.repository.js';
import { chainHashOf, GENESIS, type Head, type Link } from './domain/chain.js';
import { SegmentReader } from './segment-reader.service.js';

/** Signs the head of a segment with the deployment's leaf; given by the worker. */
export const SEGMENT_SIGNER = Symbol('SEGMENT_SIGNER');
export interface SegmentSigner {
  sign(typ: 'AuditSegment', payload: string): Promise<SignedFile>;
}

/** A segment's text ends above this many characters, so that every reader may hold it. */
const SEGMENT_CHARACTERS = 8 * 1024 * 1024;
const compress = promisify(gzip);

/** The log, or what is sealed of it, is not what it was: nothing is sealed on top of that. */
export class SealRefused extends Error {
  override readonly name = 'SealRefused';
}

/**
 * Puts the chain, part by part, into the bucket: each object signed and written once. From then on the end of the log
 * cannot be cut off, nor the whole chain made anew, without a trace.
 */
@Injectable()
export class AuditSealer {
  private readonly logger = new Logger(AuditSealer.name);

  constructor(
    private readonly repository: ChainRepository,
    private readonly segments: SegmentReader,
    private readonly work: UnitOfWork,
    private readonly session: PgSession,
    private readonly store: Store,
    private readonly faults: FaultPoints,
    private readonly clock: Clock,
    @Inject(SEGMENT_SIGNER) private readonly signer: SegmentSigner,
    @Inject(WORKER_CONFIG) private readonly config: WorkerConfig,
  ) {}

  /** True when a whole segment waits, or a link has waited long enough. */
  async isDue(): Promise<boolean> {
    const { links, oldest } = await this.repository.unsealed(this.work.plain);
    if (links >= MAX_SEGMENT_ROWS) return true;
    const waited = oldest === null ? 0 : this.clock.now().getTime() - oldest.getTime();
    return waited >= this.config.REKALL_SEAL_SECONDS * 1000;
  }

  /** Seals everything that is chained; answers how many events. Zero when another worker is at it. Throws SealRefused. */
  async sealAll(): Promise<number> {
    const sealed = await this.session.underLock('audit-seal', async () => {
      let head = await this.adopt();
      for (let total = 0; ;) {
        const next = await this.sealNext(head);
        if (next === undefined) return total;
        total += next.seq - head.seq;
        head = next;
      }
    });
    return sealed ?? 0;
  }

  /** Takes up what a sealer that died after its PUT left in the bucket; answers where the sealed part ends. */
  private async adopt(): Promise<Head> {
    const last = await this.repository.lastSeal(this.work.plain);
    let head: Head = last === undefined ? GENESIS : { seq: last.lastSeq, chainHash: last.chainHash };
    for await (const key of this.segments.keys(last?.key)) {
      const { head: found } = await this.segments.read(key);
      const [link] = await this.repository.links(this.work.plain, found.last_seq, found.last_seq, 1);
      const follows = found.first_seq === head.seq + 1 && found.previous_hash === head.chainHash;
      if (!follows || link?.chainHash !== found.chain_hash)
        throw new SealRefused(
          `${key} seals another log than the one in this database; run rekall audit verify (a database made anew needs rekall rebuild)`,
        );
      await this.repository.insertSeal(this.work.plain, {
        firstSeq: found.first_seq,
        lastSeq: found.last_seq,
        chainHash: found.chain_hash,
        key,
        sealedAt: new Date(found.sealed_at),
      });
      head = { seq: found.last_seq, chainHash: found.chain_hash };
    }
    return head;
  }

  private async sealNext(head: Head): Promise<Head | undefined> {
    const lines = await this.lines(head);
    const last = lines.at(-1);
    if (last === undefined) return undefined;
    const sealedAt = this.clock.now();
    const payload = JSON.stringify({
      __type__: 'AuditSegment',
      version: 1,
      deployment: this.config.REKALL_DEPLOYMENT,
      first_seq: head.seq + 1,
      last_seq: last.seq,
      previous_hash: head.chainHash,
      chain_hash: last.chain_hash,
      sealed_at: sealedAt.toISOString(),
    });
    const signed = signedFileText(await this.signer.sign('AuditSegment', payload));
    const text = [signed, ...lines.map((line) => JSON.stringify(line))].map((line) => `${line}\n`).join('');
    const key = keys.auditSegment(sealedAt, head.seq + 1, last.seq, last.chain_hash);
    // one that is there already was written since we looked, by another: the next turn takes it up
    await this.store.bucket.put(key, await compress(text), { contentType: 'application/gzip', ifNoneMatch: '*' });
    this.faults.reached('after-seal');
    await this.repository.insertSeal(this.work.plain, {
      firstSeq: head.seq + 1,
      lastSeq: last.seq,
      chainHash: last.chain_hash,
      key,
      sealedAt,
    });
    return { seq: last.seq, chainHash: last.chain_hash };
  }

  /** The next links with the events as they were chained. */
  private async lines(head: Head): Promise<AuditLine[]> {
    const links = await this.repository.links(
      this.work.plain,
      head.seq + 1,
      head.seq + MAX_SEGMENT_ROWS,
      MAX_SEGMENT_ROWS,
    );
    this.checkChain(head, links);
    const ids = links.map((link) => link.eventId);
    const texts = new Map(
      (await this.repository.events(this.work.plain, ids)).map((row) => [row.id, auditRowText(row)]),
    );
    const lines: AuditLine[] = [];
    let characters = 0;
    for (const link of links) {
      const line = this.lineOf(link, texts.get(link.eventId));
      characters += line.row?.length ?? 0;
      if (characters > SEGMENT_CHARACTERS && lines.length > 0) break;
      lines.push(line);
    }
    return lines;
  }

  private checkChain(head: Head, links: readonly Link[]): void {
    let previous = head.chainHash;
    links.forEach((link, i) => {
      const seq = head.seq + 1 + i;
      if (link.seq !== seq || chainHashOf(previous, link) !== link.chainHash)
        throw new SealRefused(
          `the audit chain is broken at seq ${seq}: run rekall audit verify; nothing is sealed on top`,
        );
      previous = link.chainHash;
    });
  }

  private lineOf(link: Link, text: string | undefined): AuditLine {
    const isChained = text !== undefined && auditEventHash(text) === link.eventHash;
    if (!isChained)
      this.logger.error(
        `event ${link.eventId} is not the one that was chained as seq ${link.seq}: its hash is sealed without the row; run rekall audit verify`,
      );
    return {
      seq: link.seq,
      event_id: link.eventId,
      row: isChained ? text : null,
      event_hash: link.eventHash,
      chained_at: link.chainedAt,
      chain_hash: link.chainHash,
    };
  }
}
