import { Inject, Injectable, Logger } from '@nestjs/common';
import { Clock } from '../../platform/clock/clock.js';
import type { WorkerConfig } from '../../platform/config/env.js';
import { WORKER_CONFIG } from '../../platform/config/tokens.js';
import { UnitOfWork } from '../../platform/prisma/unit-of-work.js';
import { Store } from '../../platform/store/store.module.js';
import { QueuesService } from '../queues/index.js';
import { MANIFEST_ID, parseQueueId } from './domain/queue-id.js';
import { FileRenderer } from './file-renderer.service.js';
import { Grants } from './grants.service.js';
import { FlowLifecycle } from './lifecycle.service.js';
import { PublicFiles } from './public-files.service.js';
import { PgSession } from '../../platform/prisma/pg-session.js';
import { UploadKey } from './upload-key.service.js';
import { ReconcilerRepository } from './reconciler.repository.js';

/** Files of the bucket, and of Postgres, that are compared at a time: what bounds the memory. */
const PAGE = 10_000;
const QUEUE_OF = /\/jobs\/([0-9a-f]{32})$/;
const RESIGN_AT_ONCE = 5000;
const TICKETS_KEPT_MS = 30 * 86_400_000;

/** What a look at everything found to do. */
export interface Reconciled {
  /** Files that were not in the bucket as they were published. */
  mended: number;
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

  /**
   * One LIST a thousand files, against the ETags that the store gave when they were written: both in the order of the
   * queues' names, a page of each at a time. Answers how many were not as published.
   */
  private async compare(): Promise<number> {
    const shared = new Map(
      (await this.repository.sharedFiles(this.work.plain)).map((file) => [this.keyOfShared(file.id), file]),
    );
    let mended = 0;
    let page = new Map<string, string>();
    let after = '';
    const settle = async (until: string | undefined): Promise<void> => {
      mended += await this.mend(await this.wrongClients(page, after, until));
      page = new Map();
      after = until ?? after;
    };
    for await (const { key, etag } of this.store.bucket.listAll(`public/${this.config.REKALL_PUBLIC_SECRET}/`)) {
      const file = shared.get(key);
      if (file !== undefined && sameEtag(etag, file.etag)) shared.delete(key);
      const queue = QUEUE_OF.exec(key)?.[1];
      if (queue === undefined) continue;
      page.set(queue, etag);
      if (page.size === PAGE) await settle(queue);
    }
    await settle(undefined);
    return mended + (await this.mend([...shared.values()].map(({ id }) => id)));
  }

  /** Of the clients whose queues lie between, those whose file is not the one that was published. */
  private async wrongClients(
    present: ReadonlyMap<string, string>,
    after: string,
    until: string | undefined,
  ): Promise<string[]> {
    const wrong: string[] = [];
    for (let from = after; ;) {
      const known = await this.repository.clientFiles(this.work.plain, from, until, PAGE);
      for (const { id, queue, etag } of known) if (!sameEtag(present.get(queue), etag)) wrong.push(id);
      const last = known.at(-1);
      if (last === undefined || known.length < PAGE) return wrong;
      from = last.queue;
    }
  }

  private async mend(ids: readonly string[]): Promise<number> {
    if (ids.length === 0) return 0;
    const shown = ids.slice(0, 20).join(', ');
    this.logger.warn(`${ids.length} files are not in the bucket as published, published again: ${shown}`);
    await this.work.run((tx) => this.queues.mark(tx, ids));
    return ids.length;
  }

  private keyOfShared(queueId: string): string | undefined {
    const id = parseQueueId(queueId);
    if (id.kind === 'manifest') return this.renderer.manifestKey();
    return id.kind === 'label' ? this.renderer.labelKey(id.label) : undefined;
  }

  private async renewGrants(): Promise<number> {
    const renewed = await this.renewIfReplaced();
    if (renewed > 0) return renewed;
    const than = new Date(this.clock.now().getTime() - this.grants.maxAgeMs());
    const ids = await this.repository.older(this.work.plain, than, RESIGN_AT_ONCE);
    await this.work.run((tx) => this.queues.mark(tx, ids));
    return ids.length;
  }

  /**
   * With a new upload-only key everything at once, page by page; the Manifest last, since it tells of the key: no file may
   * be left then. At the start this comes before the Manifest is published with what is configured now.
   */
  async renewIfReplaced(): Promise<number> {
    if (!(await this.uploadKey.isReplaced())) return 0;
    this.logger.warn('the upload-only key was replaced: every grant is signed again');
    let renewed = 0;
    for (let after = ''; ;) {
      const ids = await this.repository.published(this.work.plain, after, RESIGN_AT_ONCE);
      const last = ids.at(-1);
      if (last === undefined) break;
      await this.work.run((tx) => this.queues.mark(tx, ids));
      renewed += ids.length;
      after = last;
    }
    await this.work.run((tx) => this.queues.mark(tx, [MANIFEST_ID]));
    return renewed + 1;
  }
}

/** Some stores leave the quotes away in listings. */
const sameEtag = (a: string | undefined, b: string): boolean => a?.replaceAll('"', '') === b.replaceAll('"', '');
