import { Inject, Injectable } from '@nestjs/common';
import { PreconditionFailed, StoreFailed, TooLarge } from '#locations';
import {
  checkLeaf,
  type MessageType,
  parseJson,
  parseSignedFile,
  Refusal,
  sha256Hex,
  verifyLeafSignature,
} from '#wire';
import { Clock } from '../../platform/clock/clock.js';
import { FaultPoints } from '../../platform/fault/fault-points.js';
import { Store } from '../../platform/store/store.module.js';
import { SIGNING_KEYS, type SigningKeys } from './signing-keys.js';

/** How far our clock may be off the store's: grants and versions are dated by ours. */
const MAX_SKEW_MS = 60_000;
/** An object under `public/` that is larger was not made by us. */
const MAX_PRESENT_BYTES = 4 * 1024 * 1024;
const NOT_IMPLEMENTED = 501;

/** Why a file could not be published; goes to the queue's `last_error`. */
export class PublishError extends Error {
  override readonly name = 'PublishError';
}

/** What was published. */
export interface Published {
  version: number;
  etag: string;
  sha256: string;
  at: Date;
}

interface Present {
  etag: string;
  /** Undefined when it is none of our signed files: agents never took it. */
  version: number | undefined;
}

/** Writes signed files under `public/`: after a look at what is there, with a version above all that agents may have seen. */
@Injectable()
export class PublicFiles {
  constructor(
    private readonly store: Store,
    private readonly clock: Clock,
    private readonly faults: FaultPoints,
    @Inject(SIGNING_KEYS) private readonly keys: SigningKeys,
  ) {}

  /** Throws PublishError when our clock is more than 60 s off the store's. */
  async checkClock(): Promise<void> {
    const { clockSkewMs } = await this.store.bucket.ping();
    if (Math.abs(clockSkewMs) > MAX_SKEW_MS)
      throw new PublishError(
        `nothing is published or ended: this machine's clock is ${Math.round(clockSkewMs / 1000)} s off the store's; set the clock`,
      );
  }

  /**
   * Publishes one file. `render` gets the version and the time and answers the signed text. Throws PublishError when
   * another publisher wrote it meanwhile, and the store's errors.
   */
  async publish(
    key: string,
    typ: MessageType,
    lastVersion: number,
    render: (version: number, now: Date) => Promise<string>,
  ): Promise<Published> {
    const present = await this.present(key, typ);
    const now = this.clock.now();
    const version = Math.max((present?.version ?? 0) + 1, lastVersion + 1, now.getTime());
    const text = await render(version, now);
    this.faults.reached('before-publish');
    const { etag } = await this.put(key, text, present?.etag);
    this.faults.reached('after-publish');
    return { version, etag, sha256: sha256Hex(text), at: now };
  }

  /** Takes a file away: for its readers, empty. */
  async remove(key: string): Promise<void> {
    await this.store.bucket.delete([key]);
  }

  private async put(key: string, text: string, presentEtag: string | undefined): Promise<{ etag: string }> {
    const headers = { contentType: 'application/json', cacheControl: 'no-cache' };
    try {
      return await this.store.bucket.put(key, text, {
        ...headers,
        ...(presentEtag === undefined ? { ifNoneMatch: '*' as const } : { ifMatch: presentEtag }),
      });
    } catch (error) {
      if (error instanceof PreconditionFailed)
        throw new PublishError('another worker has just published this file; it is rendered again', { cause: error });
      // A store without conditional writes: the advisory lock alone keeps publishers apart.
      if (error instanceof StoreFailed && error.status === NOT_IMPLEMENTED)
        return this.store.bucket.put(key, text, headers);
      throw error;
    }
  }

  private async present(key: string, typ: MessageType): Promise<Present | undefined> {
    try {
      const got = await this.store.bucket.get(key, { maxBytes: MAX_PRESENT_BYTES });
      if (got.kind !== 'found') return undefined;
      return { etag: got.info.etag, version: await this.versionOf(got.body.toString('utf8'), typ) };
    } catch (error) {
      if (!(error instanceof TooLarge)) throw error;
      const info = await this.store.bucket.head(key);
      return info === undefined ? undefined : { etag: info.etag, version: undefined };
    }
  }

  /** The version of a file that one of our leaves signed, also one that is replaced by now. */
  private async versionOf(text: string, typ: MessageType): Promise<number | undefined> {
    try {
      const file = parseSignedFile(text, 'the present file', MAX_PRESENT_BYTES);
      const leaf = await verifyLeafSignature(file, typ);
      checkLeaf(leaf, { ca: this.keys.ca, leaves: new Set([sha256Hex(leaf.raw)]) }, leaf.validFromDate);
      const { version } = parseJson(file.payload, 'the present file', MAX_PRESENT_BYTES) as { version?: unknown };
      return typeof version === 'number' && Number.isSafeInteger(version) ? version : undefined;
    } catch (error) {
      if (error instanceof Refusal) return undefined; // no agent took it either
      throw error;
    }
  }
}
