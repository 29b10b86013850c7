import { Injectable } from '@nestjs/common';
import { type CollectionSpec, isFinal, type StatusTicket } from '#wire';
import { IdGenerator } from '../../platform/clock/clock.js';
import type { Tx } from '../../platform/prisma/unit-of-work.js';
import { FlowLifecycle } from '../tasking/index.js';
import { type PinnedCollection, pinCollections } from './domain/collections.js';
import { newsOf, overdueSince, type Sign } from './domain/conduct.js';
import { type Counters, countChange, noCounts } from './domain/counters.js';
import { type PinnedFile, pinFiles } from './domain/files.js';
import { applyTicket, type FlowRun } from './domain/flow-run.js';
import type { PresentObject } from './domain/claims.js';
import type { StoredTicket } from './domain/stored-ticket.js';
import { IntakeWrites, type LockedFlow } from './intake-writes.repository.js';

/** A status ticket that was judged good, with what it is committed with. */
export interface StatusArrival {
  stored: StoredTicket;
  ticket: StatusTicket;
  objects: ReadonlyMap<string, PresentObject>;
  /** What its spec lets it report. */
  declared: ReadonlyMap<string, CollectionSpec>;
}

const pairKey = (flowId: string, clientId: string): string => `${flowId} ${clientId}`;

/** Moves runs from state to state, counts the moves, pins collections, ends flows. */
@Injectable()
export class StatusSink {
  constructor(
    private readonly writes: IntakeWrites,
    private readonly lifecycle: FlowLifecycle,
    private readonly ids: IdGenerator,
  ) {}

  async apply(tx: Tx, arrivals: readonly StatusArrival[], now: Date): Promise<void> {
    if (arrivals.length === 0) return;
    const flows = await this.writes.lockFlows(tx, [...new Set(arrivals.map((a) => a.ticket.flow_id))]);
    const pairs = new Map(
      arrivals.map(({ ticket: t }) => [pairKey(t.flow_id, t.client_id), { flowId: t.flow_id, clientId: t.client_id }]),
    );
    const before = new Map(
      (await this.writes.runs(tx, [...pairs.values()])).map((run) => [pairKey(run.flowId, run.clientId), run]),
    );
    const expiry = new Map(flows.map((flow) => [flow.id, flow.expiresAt]));
    const { runs, collections, files, afterFinal, signs } = fold(arrivals, before, expiry);
    const changed = [...runs].flatMap(([pair, run]) => (before.get(pair) === run ? [] : [run]));
    await this.writes.upsertRuns(tx, changed);
    await this.writes.addCounters(tx, counterDeltas(changed, before));
    await this.writes.insertCollections(
      tx,
      collections.map((c) => ({ ...c, id: this.ids.collection() })),
    );
    await this.writes.insertFiles(
      tx,
      files.map((f) => ({ ...f, id: this.ids.file() })),
    );
    await this.writes.markAfterFinal(tx, afterFinal);
    await this.writes.heardOf(tx, newsOf(signs));
    await this.lifecycle.answered(tx, ending(flows, changed, now));
  }
}

/** What a batch comes to. */
interface Folded {
  runs: Map<string, FlowRun>;
  collections: PinnedCollection[];
  files: PinnedFile[];
  /** Keys of tickets that changed nothing. */
  afterFinal: string[];
  signs: Sign[];
}

const fold = (
  arrivals: readonly StatusArrival[],
  before: ReadonlyMap<string, FlowRun>,
  expiry: ReadonlyMap<string, Date>,
): Folded => {
  const runs = new Map(before);
  const collections: PinnedCollection[] = [];
  const files: PinnedFile[] = [];
  const afterFinal: string[] = [];
  const signs: Sign[] = [];
  for (const { stored, ticket, objects, declared } of inOrder(arrivals)) {
    const pair = pairKey(ticket.flow_id, ticket.client_id);
    const arrival = { key: stored.key, at: stored.lastModified, ticket };
    const earlier = runs.get(pair);
    const { run, verdict } = applyTicket(earlier, arrival);
    runs.set(pair, run);
    signs.push({
      at: stored.lastModified,
      ticket,
      ends: verdict === 'accepted' && isFinal(ticket.state) && run.attempt === ticket.attempt,
      overdueSince: overdueSince(earlier, arrival, expiry.get(ticket.flow_id)),
    });
    if (verdict === 'after_final') {
      afterFinal.push(stored.key);
      continue;
    }
    // Results count with the ticket that ends the attempt: a Started ticket names none that would be kept.
    if (!isFinal(ticket.state)) continue;
    collections.push(...pinCollections(ticket, stored.lastModified, declared, objects));
    files.push(...pinFiles(ticket, stored.lastModified, objects));
  }
  return { runs, collections, files, afterFinal, signs };
};

/** The order in which they came; the same on every occasion. */
const inOrder = (arrivals: readonly StatusArrival[]): StatusArrival[] =>
  [...arrivals].sort(
    (a, b) =>
      a.stored.lastModified.getTime() - b.stored.lastModified.getTime() ||
      a.ticket.seq - b.ticket.seq ||
      (a.stored.key < b.stored.key ? -1 : 1),
  );

const counterDeltas = (
  changed: readonly FlowRun[],
  before: ReadonlyMap<string, FlowRun>,
): ({ flowId: string } & Counters)[] => {
  const sums = new Map<string, Counters>();
  for (const run of changed) {
    const sum = sums.get(run.flowId) ?? noCounts();
    sums.set(run.flowId, sum);
    countChange(sum, before.get(pairKey(run.flowId, run.clientId)), run);
  }
  return [...sums].map(([flowId, sum]) => ({ flowId, ...sum }));
};

/** Flows on one client that have their answer now; hunts end when all have answered. */
const ending = (
  flows: readonly LockedFlow[],
  changed: readonly FlowRun[],
  now: Date,
): (LockedFlow & { at: Date })[] => {
  const runs = new Map(changed.map((run) => [run.flowId, run]));
  return flows.flatMap((flow) => {
    const run = runs.get(flow.id);
    const ends = flow.clientId !== null && flow.entryState === 'open' && run !== undefined && isFinal(run.state);
    return ends ? [{ ...flow, at: run.finishedAt ?? now }] : [];
  });
};
