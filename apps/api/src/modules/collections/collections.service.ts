import { Inject, Injectable } from '@nestjs/common';
import { join } from 'node:path';
import { z } from 'zod';
import { CollectionReader, CollectionRefused, type MergeCursor } from '#collections/reader';
import { EvidenceChanged, FileCache, PreconditionFailed, TooLarge } from '#locations';
import { ClientId, type CollectionSpec, type ColumnSpec } from '#wire';
import { isWhole, reachOf, requireSomewhere } from '../../platform/access/policy.js';
import type { Principal } from '../../platform/access/principal.js';
import { Clock } from '../../platform/clock/clock.js';
import type { HttpConfig } from '../../platform/config/env.js';
import { HTTP_CONFIG } from '../../platform/config/tokens.js';
import { DomainError, notFound } from '../../platform/errors/domain-error.js';
import { UnitOfWork } from '../../platform/prisma/unit-of-work.js';
import { Store } from '../../platform/store/store.module.js';
import { AuditService } from '../audit/index.js';
import { HuntsService } from '../hunts/index.js';
import { asDomainError } from './collections.errors.js';
import { CollectionsRepository } from './collections.repository.js';
import type { Collection } from './domain/collection.js';
import { UnpackedFiles } from './unpacked-files.js';

export interface RowsQuery {
  table?: string | undefined;
  where?: string | undefined;
  limit: number;
}

/** Rows with their columns. `next` is opaque to callers; `partial` says that other clients’ rows are not shown. */
export interface RowsPage<Next> {
  columns: ColumnSpec[];
  rows: readonly Readonly<Record<string, unknown>>[];
  next: Next | undefined;
  scanned: number;
  partial: boolean;
  failures: { clientId: string; message: string }[];
}

/** Where a merged reading goes on: the client, which of its collections, and the place in that file. */
export const HuntRowsPosition = z.object({
  clientId: ClientId,
  collectionId: z.string(),
  after: z.number().optional(),
});
export type HuntRowsPosition = z.infer<typeof HuntRowsPosition>;

const DOWNLOAD_SECONDS = 300;
/** Files of one page of a hunt: the page may then be short and says where to go on. */
const FILES_PER_PAGE = 200;
const RESPONSE_BYTES = 16 * 1024 ** 2;

@Injectable()
export class CollectionsService {
  private readonly reader: CollectionReader;
  private readonly stored: FileCache;
  private readonly unpacked: UnpackedFiles;

  constructor(
    private readonly repository: CollectionsRepository,
    private readonly hunts: HuntsService,
    private readonly store: Store,
    private readonly audit: AuditService,
    private readonly work: UnitOfWork,
    private readonly clock: Clock,
    @Inject(HTTP_CONFIG) config: HttpConfig,
  ) {
    const now = () => this.clock.now();
    this.reader = new CollectionReader({
      timeoutMs: config.REKALL_READER_SECONDS * 1000,
      memoryBytes: config.REKALL_READER_MEMORY,
      maxResponseBytes: RESPONSE_BYTES,
    });
    this.stored = new FileCache(join(config.REKALL_DATA_DIR, 'stored'), config.REKALL_CACHE_BYTES, { now });
    this.unpacked = new UnpackedFiles(join(config.REKALL_DATA_DIR, 'unpacked'), config.REKALL_CACHE_BYTES, now);
  }

  list(
    principal: Principal,
    filter: { flowId?: string | undefined; clientId?: string | undefined },
    after: string | undefined,
    limit: number,
  ): Promise<Collection[]> {
    requireSomewhere(principal, 'collections.read');
    return this.repository.list(this.work.plain, reachOf(principal, 'collections.read'), filter, after, limit);
  }

  /** Whether the caller sees collections of a part of the fleet only. */
  isPartial(principal: Principal): boolean {
    return !isWhole(reachOf(principal, 'collections.read'));
  }

  /** The first collections of each flow or hunt within reach, at most `limit` of each, by flow or hunt. */
  async ofFlows(principal: Principal, flowIds: readonly string[], limit: number): Promise<Map<string, Collection[]>> {
    requireSomewhere(principal, 'collections.read');
    const reach = reachOf(principal, 'collections.read');
    const found = await this.repository.ofFlows(this.work.plain, reach, flowIds, limit);
    return Map.groupBy(found, ({ flowId }) => flowId);
  }

  /** The same of each of these clients in one flow or hunt, by client. */
  async ofClients(
    principal: Principal,
    flowId: string,
    clientIds: readonly string[],
    limit: number,
  ): Promise<Map<string, Collection[]>> {
    requireSomewhere(principal, 'collections.read');
    const reach = reachOf(principal, 'collections.read');
    const found = await this.repository.ofClients(this.work.plain, reach, flowId, clientIds, limit);
    return Map.groupBy(found, ({ clientId }) => clientId);
  }

  async get(principal: Principal, id: string): Promise<Collection> {
    const found = await this.repository.find(this.work.plain, reachOf(principal, 'collections.read'), id);
    if (found !== undefined) return found;
    if (await this.repository.exists(this.work.plain, id))
      await this.audit.denied(principal, 'collections.read', { kind: 'collection', id });
    throw notFound('collection', id);
  }

  /** Rows of one collection. */
  async rows(principal: Principal, id: string, query: RowsQuery, after: number | undefined): Promise<RowsPage<number>> {
    const collection = await this.get(principal, id);
    await this.onRecord(principal, 'collection', id, query);
    const { name: table, columns } = tableOf(collection.schema, query.table);
    const page = await this.reading(async () =>
      this.reader.page(await this.local(collection), collection.schema, {
        table,
        limit: query.limit,
        ...(after === undefined ? {} : { after }),
        ...(query.where === undefined ? {} : { where: query.where }),
      }),
    );
    return { columns, rows: page.rows, next: page.next, scanned: page.scanned, partial: false, failures: [] };
  }

  /** The rows of all clients of the caller’s scope in a hunt, client by client, with `client_id` as first column. */
  async huntRows(
    principal: Principal,
    huntId: string,
    name: string | undefined,
    query: RowsQuery,
    after: HuntRowsPosition | undefined,
  ): Promise<RowsPage<HuntRowsPosition>> {
    await this.hunts.find(principal, huntId);
    const reach = reachOf(principal, 'collections.read');
    requireSomewhere(principal, 'collections.read');
    await this.onRecord(principal, 'hunt', huntId, query);
    const { schema, name: chosen } = await this.collectionOf(huntId, name, reach);
    const { name: table, columns } = tableOf(schema, query.table);
    const found = await this.repository.ofHunt(this.work.plain, reach, huntId, chosen, after, FILES_PER_PAGE + 1);
    const files = found.slice(0, FILES_PER_PAGE);
    const start: MergeCursor = { file: 0, ...(after?.after === undefined ? {} : { after: after.after }) };
    const page = await this.reading(() =>
      this.reader.mergePage(
        files.map((collection) => ({ clientId: collection.clientId, file: () => this.localOfOne(collection) })),
        schema,
        { table, limit: query.limit, after: start, ...(query.where === undefined ? {} : { where: query.where }) },
      ),
    );
    return {
      columns: [{ name: 'client_id', type: 'unicode' }, ...columns],
      rows: page.rows,
      next: nextPosition(page.next, found),
      scanned: page.scanned,
      partial: !isWhole(reach),
      failures: page.failures.map((f) => ({ clientId: f.clientId, message: f.error.message })),
    };
  }

  /** A short-lived link to the stored file; the bytes do not pass through us. */
  async download(principal: Principal, id: string): Promise<string> {
    const collection = await this.get(principal, id);
    await this.work.run((tx) =>
      this.audit.record(tx, principal, {
        action: 'collections.read',
        objectKind: 'collection',
        objectId: id,
        details: { download: true },
      }),
    );
    // Looked at now: what was overwritten since it was reported is not handed out as evidence.
    const present = await this.store.bucket.head(collection.key);
    if (present?.etag !== collection.etag)
      throw new DomainError(
        'conflict',
        'collection/evidence-changed',
        `${collection.key}: evidence changed after it was reported.`,
      );
    return (await this.store.bucket.presignGet(collection.key, { expiresInSeconds: DOWNLOAD_SECONDS })).url;
  }

  private async collectionOf(
    huntId: string,
    name: string | undefined,
    reach: ReturnType<typeof reachOf>,
  ): Promise<{ name: string; schema: CollectionSpec }> {
    const names = await this.repository.names(this.work.plain, reach, huntId);
    const chosen = name === undefined ? names[0] : names.find((n) => n.name === name);
    if (chosen === undefined)
      throw new DomainError(
        'not-found',
        'collection/none-yet',
        name === undefined
          ? `${huntId} has no collection yet; try again when clients have finished.`
          : `${huntId} has no collection ${name}; it has ${names.map((n) => n.name).join(', ') || 'none yet'}.`,
      );
    if (names.length > 1 && name === undefined)
      throw new DomainError(
        'invalid',
        'collection/ambiguous',
        `${huntId} has several collections; choose one with ?collection=: ${names.map((n) => n.name).join(', ')}.`,
      );
    return chosen;
  }

  /** The unpacked local copy: fetched with If-Match, its hashes those of the ticket. */
  private async local(collection: Collection): Promise<string> {
    const packed = async () =>
      (
        await this.stored.open(this.store.bucket, collection.key, {
          etag: collection.etag,
          storedBytes: Number(collection.storedBytes),
          storedSha256: collection.storedSha256,
        })
      ).path;
    return this.unpacked.open(packed, {
      contentBytes: Number(collection.contentBytes),
      contentSha256: collection.contentSha256,
    });
  }

  /** The same for a merged reading: evidence that changed or cannot fit is one client's failure, not everybody's. */
  private async localOfOne(collection: Collection): Promise<string> {
    try {
      return await this.local(collection);
    } catch (error) {
      if (error instanceof EvidenceChanged || error instanceof PreconditionFailed || error instanceof TooLarge)
        throw new CollectionRefused('digest', error.message, { cause: error });
      throw error;
    }
  }

  private async onRecord(
    principal: Principal,
    objectKind: 'collection' | 'hunt',
    objectId: string,
    query: RowsQuery,
  ): Promise<void> {
    await this.work.run((tx) =>
      this.audit.record(tx, principal, {
        action: 'collections.read',
        objectKind,
        objectId,
        details: { where: query.where ?? null, limit: query.limit },
      }),
    );
  }

  private async reading<T>(read: () => Promise<T>): Promise<T> {
    try {
      return await read();
    } catch (error) {
      throw asDomainError(error);
    }
  }
}

const tableOf = (schema: CollectionSpec, name: string | undefined): { name: string; columns: ColumnSpec[] } => {
  const table = name === undefined ? schema.tables[0] : schema.tables.find((t) => t.name === name);
  if (table === undefined)
    throw new DomainError(
      'invalid',
      'collection/no-such-table',
      `There is no table ${name ?? ''}; tables: ${schema.tables.map((t) => t.name).join(', ')}.`,
    );
  return table;
};

/** Within the files that were read, or the first one beyond them. */
const nextPosition = (next: MergeCursor | undefined, found: readonly Collection[]): HuntRowsPosition | undefined => {
  const collection = found[next?.file ?? FILES_PER_PAGE];
  if (collection === undefined) return undefined;
  const { clientId, id: collectionId } = collection;
  return { clientId, collectionId, ...(next?.after === undefined ? {} : { after: next.after }) };
};
