import { Inject, Injectable, Logger } from '@nestjs/common';
import { Clock } from '../../platform/clock/clock.js';
import type { WorkerConfig } from '../../platform/config/env.js';
import { WORKER_CONFIG } from '../../platform/config/tokens.js';
import { UnitOfWork } from '../../platform/prisma/unit-of-work.js';
import { Store } from '../../platform/store/store.module.js';
import { QueuesService } from '../queues/index.js';
import { parseQueueId } from './domain/queue-id.js';
import { FileRenderer } from './file-renderer.service.js';
import { Grants } from './grants.service.js';
import { FlowLifecycle } from './lifecycle.service.js';
import { PublicFiles } from './public-files.service.js';
import { PgSession } from '../../platform/prisma/pg-session.js';
import { UploadKey } from './upload-key.service.js';
import { type KnownFile, ReconcilerRepository } from './reconciler.repository.js';

const PAGE = 10_000;
const RESIGN_AT_ONCE = 5000;
const DAY_MS = 86_400_000;
const TICKETS_KEPT_MS = 30 * 86_400_000;

/** What a look at everything found to do. */
export interface Reconciled {
  /** Files that were not in the bucket as they were published. */
  mended: string[];
  resigned: number;
  ended: number;
}

/** Compares the bucket with Postgres and marks what differs; ends what is past its time; renews grants. */
@Injectable()
export class ReconcilerService {
  private readonly logger = new Logger(ReconcilerService.name);

  constructor(
    private readonly repository: ReconcilerRepository,
    private readonly work: UnitOfWork,
    private readonly session: PgSession,
    private readonly store: Store,
    private readonly queues: QueuesService,
    private readonly renderer: FileRenderer,
    private readonly lifecycle: FlowLifecycle,
    private readonly grants: Grants,
    private readonly uploadKey: UploadKey,
    private readonly files: PublicFiles,
    private readonly clock: Clock,
    @Inject(WORKER_CONFIG) private readonly config: WorkerConfig,
  ) {}

  /**
   * One round; undefined when another worker is at it. Publishing what was marked is the publisher's. Throws PublishError
   * when our clock is off the store's: what ends by a wrong time does not begin again.
   */
  reconcile(): Promise<Reconciled | undefined> {
    return this.session.underLock('reconcile', async () => {
      await this.files.checkClock();
      const ended = (await this.lifecycle.expire()) + (await this.lifecycle.complete());
      const mended = await this.compare();
      const resigned = await this.renewGrants();
      await this.repository.forgetTickets(this.work.plain, new Date(this.clock.now().getTime() - TICKETS_KEPT_MS));
      return { mended, resigned, ended };
    });
  }

  /** One LIST a thousand files, against the ETags that the store gave when they were written. */
  private async compare(): Promise<string[]> {
    const secret = this.config.REKALL_PUBLIC_SECRET;
    const present = new Map<string, string>();
    for await (const object of this.store.bucket.listAll(`public/${secret}/`)) present.set(object.key, object.etag);
    const mended: string[] = [];
    for (let after = ''; ;) {
      const page = await this.repository.published(this.work.plain, after, PAGE);
      for (const file of page) {
        const key = this.keyOf(file);
        if (key !== undefined && !sameEtag(present.get(key), file.etag)) mended.push(file.id);
      }
      const last = page.at(-1);
      if (last === undefined) break;
      after = last.id;
    }
    if (mended.length > 0) {
      this.logger.warn(`not in the bucket as published, published again: ${mended.slice(0, 20).join(', ')}`);
      await this.work.run((tx) => this.queues.mark(tx, mended));
    }
    return mended;
  }

  private keyOf(file: KnownFile): string | undefined {
    const id = parseQueueId(file.id);
    switch (id.kind) {
      case 'manifest':
        return this.renderer.manifestKey();
      case 'label':
        return this.renderer.labelKey(id.label);
      case 'client':
        return file.clientQueue === null ? undefined : this.renderer.clientKey(file.clientQueue);
      case 'retired':
        return undefined; // never published again
    }
  }

  private async renewGrants(): Promise<number> {
    const now = this.clock.now().getTime();
    const replaced = await this.uploadKey.isReplaced();
    if (replaced) this.logger.warn('the upload-only key was replaced: every grant is signed again');
    // With a new key all at once: the Manifest tells of the key, so no file may be left for a later round.
    const [than, limit] = replaced
      ? [new Date(now + DAY_MS), Number.MAX_SAFE_INTEGER]
      : [new Date(now - this.grants.maxAgeMs()), RESIGN_AT_ONCE];
    const ids = await this.repository.older(this.work.plain, than, limit);
    await this.work.run((tx) => this.queues.mark(tx, ids));
    return ids.length;
  }
}

/** Some stores leave the quotes away in listings. */
const sameEtag = (a: string | undefined, b: string): boolean => a?.replaceAll('"', '') === b.replaceAll('"', '');
