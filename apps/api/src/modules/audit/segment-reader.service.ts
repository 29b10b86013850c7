import { Inject, Injectable } from '@nestjs/common';
import type { X509Certificate } from 'node:crypto';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { keys, MAX_SEGMENT_BYTES, readAuditSegment, Refusal, type SealedSegment } from '#wire';
import type { CommonConfig } from '../../platform/config/env.js';
import { COMMON_CONFIG } from '../../platform/config/tokens.js';
import { Store } from '../../platform/store/store.module.js';

/** The CA that issues the leaves which sign segments; given by the worker and by the administrator's program. */
export const SEGMENT_CA = Symbol('SEGMENT_CA');

/** An object under `audit/` that is not a segment of this deployment. */
export class SegmentDamaged extends Error {
  override readonly name = 'SegmentDamaged';
}

const inflate = promisify(gunzip);

/** Reads and verifies sealed segments. */
@Injectable()
export class SegmentReader {
  constructor(
    private readonly store: Store,
    @Inject(SEGMENT_CA) private readonly ca: X509Certificate,
    @Inject(COMMON_CONFIG) private readonly config: CommonConfig,
  ) {}

  /** Keys under `audit/` in the order in which they were sealed, those after `after` only. */
  async *keys(after?: string): AsyncGenerator<string> {
    const options = after === undefined ? {} : { startAfter: after };
    for await (const { key } of this.store.bucket.listAll(keys.auditPrefix, options)) yield key;
  }

  /** Throws SegmentDamaged: which object, and why. */
  async read(key: string): Promise<SealedSegment> {
    const got = await this.store.bucket.get(key, { maxBytes: MAX_SEGMENT_BYTES });
    if (got.kind !== 'found') throw new SegmentDamaged(`${key} was listed and is not there any more`);
    try {
      const text = await inflate(got.body, { maxOutputLength: MAX_SEGMENT_BYTES });
      const segment = await readAuditSegment(text.toString('utf8'), this.ca);
      const { deployment, sealed_at, first_seq, last_seq, chain_hash } = segment.head;
      if (deployment !== this.config.REKALL_DEPLOYMENT)
        throw new Refusal('deployment', 'it was sealed by another deployment');
      const home = keys.auditSegment(new Date(sealed_at), first_seq, last_seq, chain_hash);
      if (home !== key) throw new Refusal('bad-key', `it belongs at ${home}`);
      return segment;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new SegmentDamaged(`${key} is not a sealed segment of this log: ${why}`, { cause: error });
    }
  }
}
