import { Injectable, Logger } from '@nestjs/common';
import { isFinal, isHuntId, parseTicketKey, sha256Hex, type StatusTicket, ticketObjects } from '#wire';
import { Clock } from '../../platform/clock/clock.js';
import { FaultPoints } from '../../platform/fault/fault-points.js';
import { type Tx, UnitOfWork } from '../../platform/prisma/unit-of-work.js';
import { cleanText } from './domain/clean-text.js';
import type { PresentObject } from './domain/claims.js';
import { declaredCollections } from './domain/collections.js';
import { judgeStatus, type Known, type Occasion } from './domain/judge.js';
import {
  isFaulty,
  type FaultyTicket,
  type OpenedTicket,
  type SoundTicket,
  type StoredTicket,
} from './domain/stored-ticket.js';
import { attemptKey, IntakeReads } from './intake-reads.repository.js';
import { IntakeWrites, type QuarantineRow, type SeenRow } from './intake-writes.repository.js';
import { isDataError } from './intake-errors.repository.js';
import { ObjectLocator } from './object-locator.service.js';
import { StartupSink } from './startup-sink.service.js';
import { StatusSink, type StatusArrival } from './status-sink.service.js';

/** How tickets come. */
export interface TakeInOptions {
  occasion: Occasion;
  /** Set when the tickets come from the ledger: they are archived already. */
  archivedAt?: Date;
  /** Rebuild: labels that a client ever had count for its target. */
  everLabels?: ReadonlyMap<string, ReadonlySet<string>>;
}

export interface TakenIn {
  /** Hunts that a client has ended: they may be complete now. */
  huntsWithFinals: string[];
  /** Rebuild: objects that tickets name and the bucket no longer has. */
  missingObjects: string[];
}

interface Judged {
  startups: SoundTicket[];
  statuses: StatusArrival[];
  faulty: FaultyTicket[];
  missingObjects: string[];
}

/** Commits a batch of opened tickets: one transaction, bulk statements, each ticket counted at most once. */
@Injectable()
export class TicketSink {
  private readonly logger = new Logger(TicketSink.name);

  constructor(
    private readonly reads: IntakeReads,
    private readonly writes: IntakeWrites,
    private readonly startups: StartupSink,
    private readonly statuses: StatusSink,
    private readonly objects: ObjectLocator,
    private readonly work: UnitOfWork,
    private readonly faults: FaultPoints,
    private readonly clock: Clock,
  ) {}

  async takeIn(tickets: readonly OpenedTicket[], options: TakeInOptions): Promise<TakenIn> {
    const judged = await this.judge(tickets, options);
    try {
      await this.commit(judged, options);
    } catch (error) {
      if (!isDataError(error)) throw error;
      return this.oneByOne(tickets, options, error);
    }
    const huntsWithFinals = judged.statuses
      .filter(({ ticket }) => isHuntId(ticket.flow_id) && isFinal(ticket.state))
      .map(({ ticket }) => ticket.flow_id);
    return { huntsWithFinals: [...new Set(huntsWithFinals)], missingObjects: judged.missingObjects };
  }

  /** Postgres refused a value that some agent sent. The others are taken in, that one is put aside with what was said. */
  private async oneByOne(tickets: readonly OpenedTicket[], options: TakeInOptions, error: Error): Promise<TakenIn> {
    const [only] = tickets;
    if (only !== undefined && tickets.length === 1) {
      if (isFaulty(only)) throw error;
      this.logger.error(`${only.stored.key} could not be stored: ${error.message}`);
      const fault = { reason: 'malformed' as const, detail: `could not be stored: ${error.message.slice(0, 500)}` };
      return this.takeIn([{ stored: only.stored, path: only.path, fault }], options);
    }
    const half = Math.ceil(tickets.length / 2);
    const a = await this.takeIn(tickets.slice(0, half), options);
    const b = await this.takeIn(tickets.slice(half), options);
    return {
      huntsWithFinals: [...a.huntsWithFinals, ...b.huntsWithFinals],
      missingObjects: [...a.missingObjects, ...b.missingObjects],
    };
  }

  private async judge(tickets: readonly OpenedTicket[], options: TakeInOptions): Promise<Judged> {
    const judged: Judged = { startups: [], statuses: [], faulty: [], missingObjects: [] };
    const statuses: (SoundTicket & { ticket: StatusTicket })[] = [];
    for (const opened of tickets) {
      if (isFaulty(opened)) judged.faulty.push(opened);
      else if (opened.ticket.__type__ === 'Startup') judged.startups.push(opened);
      else statuses.push({ ...opened, ticket: opened.ticket });
    }
    const tx = this.work.plain;
    const clients = await this.reads.clients(tx, [...new Set(statuses.map((s) => s.ticket.client_id))]);
    const flows = await this.reads.flows(tx, [...new Set(statuses.map((s) => s.ticket.flow_id))]);
    const attempts = await this.reads.attempts(
      tx,
      [...new Map(statuses.map((s) => [attemptKey(s.ticket.flow_id, s.ticket.attempt), s.ticket])).values()].map(
        (t) => ({
          flowId: t.flow_id,
          attempt: t.attempt,
        }),
      ),
    );
    // only what a known client says of a known flow is looked up: nobody else makes us list
    const objects = await this.objects.results(
      statuses
        .filter(({ ticket }) => clients.has(ticket.client_id) && flows.has(ticket.flow_id))
        .flatMap(({ ticket }) => ticketObjects(ticket).map((o) => o.key)),
    );
    const declaredBy = new Map([...attempts].map(([key, attempt]) => [key, declaredCollections(attempt.specPayload)]));
    for (const sound of statuses) {
      const { ticket, stored, path } = sound;
      const client = clients.get(ticket.client_id);
      const attempt = attempts.get(attemptKey(ticket.flow_id, ticket.attempt));
      const declared = declaredBy.get(attemptKey(ticket.flow_id, ticket.attempt)) ?? new Map<string, never>();
      const ever = options.everLabels?.get(ticket.client_id);
      const known: Omit<Known, 'client'> = { flow: flows.get(ticket.flow_id), attempt, declared, objects };
      const fault =
        client === undefined
          ? { reason: 'unknown_client' as const, detail: 'no Startup ticket of this client came within an hour' }
          : judgeStatus(
              ticket,
              sound.identity,
              { ...known, client: ever === undefined ? client : { ...client, labels: ever } },
              options.occasion,
            );
      if (fault !== undefined) judged.faulty.push({ stored, path, fault });
      else {
        judged.statuses.push({ stored, ticket, objects, declared });
        judged.missingObjects.push(...missing(ticket, objects));
      }
    }
    return judged;
  }

  private commit(judged: Judged, options: TakeInOptions): Promise<void> {
    const now = this.clock.now();
    return this.work.run(async (tx) => {
      const rows = [
        ...judged.startups.map((s) => seenRow(s.stored, s.ticket, null, options)),
        ...judged.statuses.map((s) => seenRow(s.stored, s.ticket, s.ticket.flow_id, options)),
        ...judged.faulty.filter((f) => f.stored.replay === undefined).map((f) => faultyRow(f, options)),
      ];
      const fresh = await this.writes.insertSeen(tx, rows);
      const isFresh = ({ stored }: { stored: { key: string } }): boolean => fresh.has(cleanText(stored.key));
      const sound = [...judged.startups, ...judged.statuses];
      const reused = await this.reused(
        tx,
        sound.filter((s) => !isFresh(s)).map((s) => s.stored),
        options,
      );
      await this.statuses.apply(tx, judged.statuses.filter(isFresh), now);
      const refused = await this.startups.apply(tx, judged.startups.filter(isFresh), now, options.occasion);
      await this.writes.markRefused(
        tx,
        refused.map((f) => ({ key: f.stored.key, reason: f.fault.reason })),
      );
      const aside = [
        ...judged.faulty.filter((f) => f.stored.replay !== undefined || isFresh(f)),
        ...refused,
        ...reused,
      ];
      await this.writes.quarantine(tx, aside.map(quarantineRow), now);
      this.faults.reached('before-commit');
    });
  }

  /** What was not remembered because its client, nonce and number came before under another key. */
  private async reused(tx: Tx, tickets: readonly StoredTicket[], options: TakeInOptions): Promise<FaultyTicket[]> {
    if (tickets.length === 0) return [];
    const seen = await this.reads.seen(
      tx,
      tickets.map((t) => t.key),
    );
    const reused = tickets
      .filter((stored) => !seen.has(stored.key))
      .map((stored): FaultyTicket => {
        const fault = { reason: 'replay' as const, detail: 'its nonce and number were used under another key before' };
        return { stored, path: parseTicketKey(stored.key), fault };
      });
    await this.writes.insertSeen(
      tx,
      reused.map((f) => faultyRow(f, options)),
    );
    return reused;
  }
}

const missing = (ticket: StatusTicket, objects: ReadonlyMap<string, PresentObject>): string[] =>
  ticketObjects(ticket).flatMap((o) => (objects.has(o.key) ? [] : [o.key]));

const seenRow = (
  stored: SoundTicket['stored'],
  ticket: SoundTicket['ticket'],
  flowId: string | null,
  options: TakeInOptions,
): SeenRow => ({
  key: stored.key,
  clientId: ticket.client_id,
  nonce: ticket.nonce,
  seq: ticket.seq,
  etag: stored.etag,
  lastModified: stored.lastModified.toISOString(),
  flowId,
  verdict: 'accepted',
  reason: null,
  archivedAt: options.archivedAt?.toISOString() ?? null,
});

/** Remembered under a name of its own: what is put aside must not take the place of what an honest agent sends. */
const faultyRow = ({ stored, path, fault }: FaultyTicket, options: TakeInOptions): SeenRow => ({
  key: cleanText(stored.key),
  clientId: '',
  nonce: sha256Hex(stored.key).slice(0, 32),
  seq: 0,
  etag: stored.etag,
  lastModified: stored.lastModified.toISOString(),
  flowId: path === undefined || path.kind === 'Startup' ? null : path.flowId,
  verdict: 'quarantined',
  reason: fault.reason,
  archivedAt: options.archivedAt?.toISOString() ?? null,
});

const quarantineRow = ({ stored, path, fault }: FaultyTicket): QuarantineRow => ({
  key: cleanText(stored.key),
  etag: stored.etag,
  reason: fault.reason,
  detail: cleanText(fault.detail).slice(0, 2000),
  clientId: path?.clientId ?? null,
  flowId: path === undefined || path.kind === 'Startup' ? null : path.flowId,
  archiveKey: null,
});
