import { Injectable } from '@nestjs/common';
import type { ListPage, ObjectInfo } from '#locations';
import { holdsEverywhere, denied } from '../../platform/access/policy.js';
import type { Principal } from '../../platform/access/principal.js';
import { Clock } from '../../platform/clock/clock.js';
import { notFound } from '../../platform/errors/domain-error.js';
import { Store } from '../../platform/store/store.module.js';
import { AuditService } from '../audit/index.js';

/** A short-lived way to read one object. */
export interface ObjectLink {
  info: ObjectInfo;
  url: string;
  expiresAt: Date;
}

const LINK_SECONDS = 300;

/** The bucket as it lies there: for who may see the whole fleet. */
@Injectable()
export class BucketService {
  constructor(
    private readonly store: Store,
    private readonly audit: AuditService,
    private readonly clock: Clock,
  ) {}

  /** What lies under a prefix, on record. */
  async list(
    principal: Principal,
    options: { prefix: string; delimiter?: string | undefined; startAfter?: string | undefined; limit: number },
  ): Promise<ListPage> {
    await this.requireAll(principal, options.prefix);
    const { prefix, delimiter, startAfter, limit } = options;
    await this.audit.read(principal, {
      action: 'bucket.read',
      objectKind: 'object',
      objectId: prefix,
      details: { list: true, start_after: startAfter ?? null },
    });
    return this.store.bucket.list({
      prefix,
      maxKeys: limit,
      ...(delimiter === undefined ? {} : { delimiter }),
      ...(startAfter === undefined ? {} : { startAfter }),
    });
  }

  /** A link to an object, on record: the bytes go from the store to the caller, not through us. */
  async link(principal: Principal, key: string): Promise<ObjectLink> {
    await this.requireAll(principal, key);
    const info = await this.store.bucket.head(key);
    if (info === undefined) throw notFound('object', key);
    const signed = await this.store.bucket.presignGet(key, { expiresInSeconds: LINK_SECONDS });
    await this.audit.read(principal, { action: 'bucket.read', objectKind: 'object', objectId: key });
    return { info, url: signed.url, expiresAt: new Date(this.clock.now().getTime() + LINK_SECONDS * 1000) };
  }

  private async requireAll(principal: Principal, key: string): Promise<void> {
    if (holdsEverywhere(principal, 'bucket.read')) return;
    await this.audit.denied(principal, 'bucket.read', { kind: 'object', id: key.slice(0, 1024) });
    throw denied('bucket.read');
  }
}
