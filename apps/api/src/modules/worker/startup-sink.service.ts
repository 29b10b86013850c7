import { Inject, Injectable } from '@nestjs/common';
import type { StartupTicket } from '#wire';
import type { WorkerConfig } from '../../platform/config/env.js';
import { WORKER_CONFIG } from '../../platform/config/tokens.js';
import type { Tx } from '../../platform/prisma/unit-of-work.js';
import { AuditService } from '../audit/index.js';
import { QueuesService } from '../queues/index.js';
import { LabelQueues } from '../tasking/index.js';
import { clockOffsetMs, newsOf, type Sign } from './domain/conduct.js';
import type { KnownClient, Occasion } from './domain/judge.js';
import { factsOf } from './domain/registration.js';
import type { Fault, FaultyTicket, SoundTicket } from './domain/stored-ticket.js';
import { IntakeReads } from './intake-reads.repository.js';
import { IntakeWrites, type StartupRow } from './intake-writes.repository.js';

/** All Startup tickets of one client in a batch. */
interface Arrivals {
  newest: SoundTicket & { ticket: StartupTicket };
  firstAt: Date;
  signs: Sign[];
}

/** Registers clients and keeps what their Startup tickets say; the newest by the store's time counts. */
@Injectable()
export class StartupSink {
  constructor(
    private readonly reads: IntakeReads,
    private readonly writes: IntakeWrites,
    private readonly queues: QueuesService,
    private readonly labels: LabelQueues,
    private readonly audit: AuditService,
    @Inject(WORKER_CONFIG) private readonly config: WorkerConfig,
  ) {}

  /** Answers what has to be put aside after all. */
  async apply(tx: Tx, tickets: readonly SoundTicket[], now: Date, occasion: Occasion): Promise<FaultyTicket[]> {
    if (tickets.length === 0) return [];
    const ids = [...new Set(tickets.map((t) => t.ticket.client_id))];
    const locked = new Map((await this.writes.lockClients(tx, ids)).map((c) => [c.id, c]));
    const known = await this.reads.clients(tx, ids);
    const { good, bad } = await this.sort(tx, tickets, known, occasion);
    const registered: StartupRow[] = [];
    const renewed: StartupRow[] = [];
    const moved: string[] = [];
    const former: { clientId: string; queue: string }[] = [];
    for (const [id, { newest, firstAt }] of good) {
      const before = locked.get(id);
      const row = this.row(newest, firstAt, now);
      if (before === undefined) registered.push(row);
      else if (newest.stored.lastModified >= before.startupAt) {
        renewed.push(row);
        if (before.queue !== row.queue) {
          moved.push(id);
          former.push({ clientId: id, queue: before.queue });
        }
      }
    }
    await this.writes.insertClients(tx, registered);
    await this.writes.updateClients(tx, renewed);
    await this.writes.addClientChanges(tx, moved, 'queue', now);
    await this.writes.heardOf(tx, newsOf([...good].flatMap(([id, { signs }]) => (locked.has(id) ? signs : []))));
    const fresh = registered.map((r) => r.id);
    await this.audit.recordSystemMany(
      tx,
      'system:worker',
      [
        ...fresh.map((id) => ['clients.register', id] as const),
        ...moved.map((id) => ['clients.queue', id] as const),
      ].map(([action, id]) => ({ action, objectKind: 'client', objectId: id })),
    );
    await this.queues.markClients(tx, [...fresh, ...moved]);
    await this.queues.markRetired(tx, former);
    return bad;
  }

  private async sort(
    tx: Tx,
    tickets: readonly SoundTicket[],
    known: ReadonlyMap<string, KnownClient>,
    occasion: Occasion,
  ): Promise<{ good: Map<string, Arrivals>; bad: FaultyTicket[] }> {
    const startups = tickets.flatMap((t) => (t.ticket.__type__ === 'Startup' ? [{ ...t, ticket: t.ticket }] : []));
    startups.sort(
      (a, b) => a.stored.lastModified.getTime() - b.stored.lastModified.getTime() || a.ticket.seq - b.ticket.seq,
    );
    const owners = await this.reads.queueOwners(
      tx,
      startups.map((t) => t.ticket.queue),
    );
    for (const label of await this.reads.labels(tx)) owners.set(this.labels.nameOf(label), `label ${label}`);
    const identities = new Map([...known].map(([id, client]) => [id, client.identity]));
    const good = new Map<string, Arrivals>();
    const bad: FaultyTicket[] = [];
    for (const startup of startups) {
      const { ticket, stored, path } = startup;
      const id = ticket.client_id;
      const fault = startupFault(startup, known.get(id), identities.get(id), owners.get(ticket.queue), occasion);
      if (fault !== undefined) {
        bad.push({ stored, path, fault });
        continue;
      }
      owners.set(ticket.queue, id);
      identities.set(id, startup.identity);
      const before = good.get(id);
      good.set(id, {
        newest: startup,
        firstAt: before?.firstAt ?? stored.lastModified,
        signs: [...(before?.signs ?? []), { at: stored.lastModified, ticket, ends: false }],
      });
    }
    return { good, bad };
  }

  private row({ ticket, stored, identity }: Arrivals['newest'], firstAt: Date, now: Date): StartupRow {
    return {
      id: ticket.client_id,
      identity,
      registeredAt: now.toISOString(),
      acceptance: this.config.REKALL_ENROLMENT === 'approve' ? 'waiting' : 'accepted',
      at: stored.lastModified.toISOString(),
      firstAt: firstAt.toISOString(),
      clockOffsetMs: clockOffsetMs(ticket, stored.lastModified),
      ...factsOf(ticket),
    };
  }
}

/** Pinned identity, standing, and a queue name of its own: one that is somebody else's would let it overwrite their file. */
const startupFault = (
  startup: SoundTicket & { ticket: StartupTicket },
  client: KnownClient | undefined,
  identity: string | undefined,
  owner: string | undefined,
  occasion: Occasion,
): Fault | undefined => {
  const id = startup.ticket.client_id;
  if (identity !== undefined && identity !== startup.identity)
    return { reason: 'key_conflict', detail: `signed with key ${startup.identity}; ${id} is ${identity}` };
  if (occasion === 'intake' && client !== undefined && (client.tombstoned || client.acceptance === 'refused'))
    return { reason: 'not_accepted', detail: client.tombstoned ? 'the client was removed' : 'the client was refused' };
  if (owner !== undefined && owner !== id)
    return { reason: 'key_conflict', detail: `the queue that it claims is that of ${owner}` };
  return undefined;
};
