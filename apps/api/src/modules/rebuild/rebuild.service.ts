import { Injectable, Logger } from '@nestjs/common';
import {
  ALL_LABEL,
  archivedAt,
  isHuntId,
  keys,
  type LedgerLine,
  MAX_TICKET_BYTES,
  parseTicketKey,
  sha256Hex,
  Spec,
} from '#wire';
import { mapLimit } from '../../platform/async/map-limit.js';
import { UnitOfWork } from '../../platform/prisma/unit-of-work.js';
import { AuditRestore, AuditService } from '../audit/index.js';
import { LedgerRegister } from '../ledger/index.js';
import { QueuesService } from '../queues/index.js';
import { FlowLifecycle } from '../tasking/index.js';
import { IntakeService, openTicket, type StoredTicket, type TakenIn, TicketSink } from '../worker/index.js';
import type { ClientHistoryRecord, FlowHistoryRecord, History } from './domain/record-history.js';
import { LedgerReader } from './ledger-reader.service.js';
import { type FlowRow, type QuarantineRow, RebuildRepository } from './rebuild.repository.js';
import { RecordReader } from './record-reader.service.js';

const BATCH = 1000;
const VERIFY = 32;

/** What was rebuilt. */
export interface Rebuilt {
  clients: number;
  flows: number;
  tickets: number;
  quarantined: number;
  /** Tickets that lay in `tickets/` and were taken in on the way. */
  taken: number;
  /** Objects that tickets name and the bucket no longer has: their collections are not listed. */
  missing_objects: number;
  /** Events of the audit log, from its sealed segments. */
  audit_events: number;
}

/** The database is not one to rebuild into. */
export class RebuildRefused extends Error {
  override readonly name = 'RebuildRefused';
}

/**
 * Makes an empty database again what it was, from the bucket alone: the sealed audit log, records of clients and flows, then every archived
 * ticket through the same intake that took it in, then what is still in `tickets/`. The worker must not run meanwhile.
 */
@Injectable()
export class RebuildService {
  private readonly logger = new Logger(RebuildService.name);

  constructor(
    private readonly repository: RebuildRepository,
    private readonly records: RecordReader,
    private readonly ledger: LedgerReader,
    private readonly register: LedgerRegister,
    private readonly sink: TicketSink,
    private readonly intake: IntakeService,
    private readonly lifecycle: FlowLifecycle,
    private readonly queues: QueuesService,
    private readonly audit: AuditService,
    private readonly auditRestore: AuditRestore,
    private readonly work: UnitOfWork,
  ) {}

  /** Throws RebuildRefused, RecordDamaged, LedgerDamaged; what was written by then is in the database. */
  async rebuild(): Promise<Rebuilt> {
    const table = await this.repository.notEmpty(this.work.plain);
    if (table !== undefined)
      throw new RebuildRefused(`${table} is not empty: rebuild needs a database that was only just migrated`);
    const clients = await this.records.clients();
    const flows = await this.records.flows();
    const auditEvents = await this.auditRestore.restore(); // before what writes events of its own
    for (let at = 0; at < clients.length; at += BATCH) await this.writeClients(clients.slice(at, at + BATCH));
    for (let at = 0; at < flows.length; at += BATCH) await this.writeFlows(flows.slice(at, at + BATCH));
    const everLabels = new Map(
      clients.map(({ records, last }) => [last.client_id, new Set(records.flatMap((r) => r.labels))]),
    );
    const { tickets, missing } = await this.replay(everLabels);
    const quarantined = await this.quarantine();
    const taken = await this.intake.drain();
    await this.lifecycle.expire();
    await this.finish({ clients: clients.length, flows: flows.length, tickets });
    return {
      clients: clients.length,
      flows: flows.length,
      tickets,
      quarantined,
      taken,
      missing_objects: missing.size,
      audit_events: auditEvents,
    };
  }

  private async writeClients(clients: readonly History<ClientHistoryRecord>[]): Promise<void> {
    await this.work.run(async (tx) => {
      await this.repository.insertClients(
        tx,
        clients.map(({ last }) => ({
          id: last.client_id,
          identity: last.identity,
          queue: last.queue,
          registeredAt: last.registered_at,
          acceptance: last.acceptance,
          tombstoneAt: last.tombstoneAt,
          changeSeq: last.seq,
        })),
      );
      await this.repository.insertLabels(
        tx,
        clients.flatMap(({ last }) => last.labelRows.map((row) => ({ clientId: last.client_id, ...row }))),
      );
      await this.repository.insertClientChanges(
        tx,
        clients.flatMap(({ records }) => records.map((r) => ({ ...r, id: r.client_id }))),
      );
    });
  }

  private async writeFlows(flows: readonly History<FlowHistoryRecord>[]): Promise<void> {
    await this.work.run(async (tx) => {
      await this.repository.insertFlows(
        tx,
        flows.map(({ last }) => flowRow(last)),
      );
      await this.repository.insertAttempts(
        tx,
        flows.flatMap(({ last }) =>
          last.attempts.map(({ attempt, spec_digest, spec }) => ({
            flowId: last.flow_id,
            attempt,
            specDigest: spec_digest,
            specPayload: spec.payload,
            protectedPart: spec.protected,
            signature: spec.signature,
            sampleBelow: parseSpec(spec.payload).sample?.below ?? null,
          })),
        ),
      );
      await this.repository.insertFlowChanges(
        tx,
        flows.flatMap(({ records }) =>
          records.map((r) => ({
            id: r.flow_id,
            seq: r.seq,
            change: r.change,
            by: r.by,
            at: r.at,
            entryState: r.entry_state,
            huntState: r.hunt_state ?? null,
          })),
        ),
      );
    });
  }

  /** Every archived ticket in the order in which it was taken in, verified and judged again. */
  private async replay(
    everLabels: ReadonlyMap<string, ReadonlySet<string>>,
  ): Promise<{ tickets: number; missing: Set<string> }> {
    const missing = new Set<string>();
    let tickets = 0;
    const takeIn = async (batch: readonly StoredTicket[], archivedAt: Date): Promise<void> => {
      const opened = await mapLimit(batch, VERIFY, openTicket);
      const done: TakenIn = await this.sink.takeIn(opened, { occasion: 'rebuild', archivedAt, everLabels });
      for (const key of done.missingObjects) missing.add(key);
      tickets += batch.length;
    };
    for await (const { key, writtenAt } of this.ledger.objects(keys.ledgerPrefix)) {
      let batch: StoredTicket[] = [];
      for await (const line of this.ledger.lines(key)) {
        batch.push(storedTicket(line));
        if (batch.length < BATCH) continue;
        await takeIn(batch, writtenAt);
        batch = [];
      }
      if (batch.length > 0) await takeIn(batch, writtenAt);
      await this.register.add(key, archivedAt(key) ?? writtenAt);
      this.logger.log(`${key}: taken in`);
    }
    return { tickets, missing };
  }

  private async quarantine(): Promise<number> {
    let quarantined = 0;
    for await (const { key, writtenAt } of this.ledger.objects(keys.quarantinePrefix)) {
      const rows: QuarantineRow[] = [];
      for await (const line of this.ledger.lines(key)) rows.push(quarantineRow(line, key, writtenAt));
      for (let at = 0; at < rows.length; at += BATCH) {
        const batch = rows.slice(at, at + BATCH);
        await this.work.run((tx) => this.repository.insertQuarantine(tx, batch));
      }
      await this.register.add(key, archivedAt(key) ?? writtenAt);
      quarantined += rows.length;
    }
    return quarantined;
  }

  /** Agents take the next file that is published: every one is out of date. */
  private async finish(counts: Record<string, number>): Promise<void> {
    await this.work.run(async (tx) => {
      await this.queues.mark(tx, [...(await this.repository.allQueues(tx)), `label:${ALL_LABEL}`]);
      await this.audit.recordSystem(tx, 'system:admin', {
        action: 'database.rebuild',
        objectKind: 'database',
        objectId: undefined,
        details: counts,
      });
    });
  }
}

const parseSpec = (payload: string): Spec => Spec.parse(JSON.parse(payload));

const flowRow = (record: FlowHistoryRecord): FlowRow => {
  const spec = parseSpec(record.attempts.at(-1)?.spec.payload ?? '');
  return {
    id: record.flow_id,
    isHunt: isHuntId(record.flow_id),
    type: spec.__type__,
    description: record.description,
    creator: record.creator,
    createdAt: record.created_at,
    expiresAt: spec.expires_at,
    endedAt: record.ended_at ?? null,
    clientId: spec.target.__type__ === 'Client' ? spec.target.client_id : null,
    labels: spec.target.__type__ === 'Labels' ? spec.target.labels : [],
    entryState: record.entry_state,
    huntState: record.hunt_state ?? null,
    request: record.request,
    reportSkips: spec.report_skips,
    changeSeq: record.seq,
    externalRef: record.externalRef,
  };
};

const storedTicket = (line: LedgerLine): StoredTicket => {
  const body =
    line.ticket === undefined
      ? line.ticket_base64 === undefined
        ? undefined
        : Buffer.from(line.ticket_base64, 'base64')
      : Buffer.from(line.ticket, 'utf8');
  return {
    key: line.key,
    etag: line.etag,
    lastModified: new Date(line.last_modified),
    size: body?.length ?? MAX_TICKET_BYTES + 1,
    body,
  };
};

const quarantineRow = (line: LedgerLine, archiveKey: string, writtenAt: Date): QuarantineRow => {
  const [reason = 'malformed', ...detail] = (line.reason ?? '').split(': ');
  const path = parseTicketKey(line.key);
  return {
    key: line.key,
    etag: line.etag,
    reason,
    detail: detail.join(': '),
    clientId: path?.clientId ?? null,
    flowId: path === undefined || path.kind === 'Startup' ? null : path.flowId,
    archiveKey,
    at: writtenAt.toISOString(),
    lastModified: line.last_modified,
    nonce: sha256Hex(line.key).slice(0, 32),
  };
};
