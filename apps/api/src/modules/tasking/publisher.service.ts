import { Injectable, Logger } from '@nestjs/common';
import { LocationError, redact } from '#locations';
import { ALL_LABEL } from '#wire';
import { mapLimit } from '../../platform/async/map-limit.js';
import { Clock } from '../../platform/clock/clock.js';
import { UnitOfWork } from '../../platform/prisma/unit-of-work.js';
import { QueuesService } from '../queues/index.js';
import type { ClientFile } from './domain/job-file.js';
import { inFileOrder, type LiveFlow } from './domain/live-entry.js';
import { MANIFEST_ID, parseQueueId, publishLock, type QueueId } from './domain/queue-id.js';
import { FileRenderer } from './file-renderer.service.js';
import { PgSession } from '../../platform/prisma/pg-session.js';
import { type Published, PublicFiles, PublishError } from './public-files.service.js';
import { type DirtyQueue, PublisherRepository } from './publisher.repository.js';
import { RecordsService } from './records.service.js';

/** Files rendered from one set of statements. */
const BATCH = 200;
const LANES = 8;
const KEPT_MS = 14 * 86_400_000;

/** What the files of one batch are rendered from. */
interface Material {
  clients: Map<string, ClientFile>;
  flows: LiveFlow[];
  labelsInUse: Set<string>;
  queuesInUse: Set<string>;
}

/** What became of a file. `absent`: there is none to be made; `withdrawn`, `gone`: it was taken away, for now or for good. */
type Written = Published | 'absent' | 'withdrawn' | 'gone';

/**
 * Brings the job files and the Manifest up to date with Postgres. Level-triggered: it does not matter how often or why
 * it is woken, it publishes what is marked as out of date and renders each file as a whole.
 */
@Injectable()
export class PublisherService {
  private readonly logger = new Logger(PublisherService.name);

  constructor(
    private readonly repository: PublisherRepository,
    private readonly work: UnitOfWork,
    private readonly session: PgSession,
    private readonly records: RecordsService,
    private readonly files: PublicFiles,
    private readonly renderer: FileRenderer,
    private readonly queues: QueuesService,
    private readonly clock: Clock,
  ) {}

  /** At the start: the queue of `All` is there, and the Manifest says what the present settings say. */
  async prepare(): Promise<void> {
    await this.work.run(async (tx) => {
      await this.repository.ensure(tx, [MANIFEST_ID, `label:${ALL_LABEL}`]);
      await this.queues.mark(tx, [MANIFEST_ID]);
    });
  }

  /** Publishes everything that is out of date. Files that failed have the reason in `last_error` and stay out of date. */
  async publishAll(): Promise<{ published: number; failed: number }> {
    const left = new Set<string>();
    let published = 0;
    let failed = 0;
    for (let first = true; ; first = false) {
      const batch = await this.repository.dirty(this.work.plain, [...left], BATCH);
      if (batch.length === 0) return { published, failed };
      if (first) await this.files.checkClock();
      const locked = await this.session.tryLock([...new Set(batch.map((q) => publishLock(q.id)))]);
      try {
        const mine = batch.filter((q) => locked.has(publishLock(q.id))).map((q) => q.id);
        const broken = await this.publishBatch(await this.repository.stillDirty(this.work.plain, mine));
        published += mine.length - broken.length;
        failed += broken.length;
        for (const id of broken) left.add(id);
        for (const { id } of batch) if (!mine.includes(id)) left.add(id); // another worker is at it
      } finally {
        await this.session.unlock(locked);
      }
    }
  }

  /** Answers the ids of those that failed. */
  private async publishBatch(batch: readonly DirtyQueue[]): Promise<string[]> {
    const ids = batch.map((q) => parseQueueId(q.id));
    const scope = {
      clientIds: ids.flatMap((id) => (id.kind === 'client' ? [id.clientId] : [])),
      labels: ids.flatMap((id) => (id.kind === 'label' ? [id.label] : [])),
    };
    await this.records.record(scope);
    const clients = await this.repository.clientFiles(this.work.plain, scope.clientIds);
    const since = new Date(this.clock.now().getTime() - KEPT_MS);
    const material: Material = {
      clients: new Map(clients.map((c) => [c.id, c])),
      flows: inFileOrder(await this.repository.liveFlows(this.work.plain, scope, since)),
      labelsInUse: await this.repository.labelsInUse(this.work.plain, scope.labels),
      queuesInUse: await this.repository.queuesInUse(
        this.work.plain,
        ids.flatMap((id) => (id.kind === 'retired' ? [id.queue] : [])),
      ),
    };
    const results = await mapLimit(batch, LANES, (queue) => this.publishOne(queue, material));
    return results.filter((id) => id !== undefined);
  }

  private async publishOne(queue: DirtyQueue, material: Material): Promise<string | undefined> {
    try {
      await this.remember(
        queue,
        await this.write(parseQueueId(queue.id), Number(queue.publishedVersion ?? 0n), material),
      );
      return undefined;
    } catch (error) {
      if (!(error instanceof LocationError || error instanceof PublishError)) throw error;
      this.logger.error(`${queue.id} could not be published: ${error.message}`);
      await this.repository.failed(this.work.plain, queue.id, redact(error.message));
      return queue.id;
    }
  }

  private remember({ id, wantedSeq }: DirtyQueue, written: Written): Promise<void> {
    const tx = this.work.plain;
    switch (written) {
      case 'absent':
        return this.repository.nothingToPublish(tx, id, wantedSeq);
      case 'withdrawn':
        return this.repository.withdrawn(tx, id, wantedSeq);
      case 'gone':
        return this.repository.forget(tx, id, wantedSeq);
      default:
        return this.repository.published(tx, id, wantedSeq, written);
    }
  }

  private async write(id: QueueId, lastVersion: number, material: Material): Promise<Written> {
    switch (id.kind) {
      case 'manifest':
        return this.files.publish(this.renderer.manifestKey(), 'Manifest', lastVersion, (version, now) =>
          this.renderer.manifest(version, now),
        );
      case 'label': {
        const flows = material.flows.filter((f) => f.labels.includes(id.label));
        if (id.label !== ALL_LABEL && flows.length === 0 && !material.labelsInUse.has(id.label)) {
          await this.files.remove(this.renderer.labelKey(id.label)); // nobody reads it, and nothing is in it
          return 'withdrawn';
        }
        return this.files.publish(this.renderer.labelKey(id.label), 'JobFile', lastVersion, (version, now) =>
          this.renderer.labelFile(version, now, id.label, flows),
        );
      }
      case 'client': {
        const client = material.clients.get(id.clientId);
        if (client === undefined) return 'absent';
        const flows = material.flows.filter((f) => f.clientId === id.clientId);
        return this.files.publish(this.renderer.clientKey(client.queue), 'JobFile', lastVersion, (version, now) =>
          this.renderer.clientFile(version, now, client, flows),
        );
      }
      case 'retired':
        if (!material.queuesInUse.has(id.queue)) await this.files.remove(this.renderer.clientKey(id.queue));
        return 'gone';
    }
  }
}
