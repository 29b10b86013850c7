import { Inject, Injectable } from '@nestjs/common';
import { signUploadPolicy } from '#locations';
import { type Grant, isHuntId, keys, MAX_TICKET_BYTES, resultsPrefix } from '#wire';
import type { WorkerConfig } from '../../platform/config/env.js';
import { WORKER_CONFIG } from '../../platform/config/tokens.js';

const DAY_MS = 86_400_000;
/** S3's own limit of one upload. */
const MAX_OBJECT_BYTES = 5 * 1024 ** 3;

/** Upload rights, signed with the upload-only key: what an agent may put where, until when. */
@Injectable()
export class Grants {
  constructor(@Inject(WORKER_CONFIG) private readonly config: WorkerConfig) {}

  /** Until when what is signed now is good. */
  expiry(now: Date): Date {
    return new Date(now.getTime() + this.config.GRANT_DAYS * DAY_MS);
  }

  /** How old a published file may become before its grants are signed again, in milliseconds. */
  maxAgeMs(): number {
    return Math.min(DAY_MS, (this.config.GRANT_DAYS * DAY_MS) / 7);
  }

  /** The right to put results: of one hunt, or of all flows of one client. */
  results(flowId: string, clientId: string, maxBytes: number, now: Date): Promise<Grant> {
    const id = isHuntId(flowId) ? flowId : clientId;
    return this.sign(id, resultsPrefix(flowId, clientId), 0, Math.min(maxBytes, MAX_OBJECT_BYTES), now);
  }

  /** The right to put tickets. */
  tickets(now: Date): Promise<Grant> {
    return this.sign('tickets', keys.ticketsPrefix, 1, MAX_TICKET_BYTES, now);
  }

  private async sign(id: string, prefix: string, minBytes: number, maxBytes: number, now: Date): Promise<Grant> {
    const { config } = this;
    const location = await signUploadPolicy(
      {
        endpoint: config.S3_PUBLIC_ENDPOINT ?? config.S3_ENDPOINT,
        region: config.S3_REGION,
        bucket: config.S3_BUCKET,
        accessKeyId: config.S3_UPLOAD_ACCESS_KEY,
        secretAccessKey: config.S3_UPLOAD_SECRET_KEY,
      },
      { prefix, template: '{path}', minBytes, maxBytes, expiresAt: this.expiry(now), now },
    );
    return { id, location };
  }
}
