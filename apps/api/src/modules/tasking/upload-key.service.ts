import { Inject, Injectable } from '@nestjs/common';
import { parseSignedFile, Refusal } from '#wire';
import type { WorkerConfig } from '../../platform/config/env.js';
import { WORKER_CONFIG } from '../../platform/config/tokens.js';
import { Store } from '../../platform/store/store.module.js';
import { FileRenderer } from './file-renderer.service.js';

const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;

/** Notices that the upload-only key was replaced: what was signed with the former is worth nothing any more. */
@Injectable()
export class UploadKey {
  constructor(
    private readonly store: Store,
    private readonly renderer: FileRenderer,
    @Inject(WORKER_CONFIG) private readonly config: WorkerConfig,
  ) {}

  /** Whether the published Manifest's grant is signed with another key than the one that we have now. */
  async isReplaced(): Promise<boolean> {
    const got = await this.store.bucket.get(this.renderer.manifestKey(), { maxBytes: MAX_MANIFEST_BYTES });
    if (got.kind !== 'found') return false;
    try {
      const { payload } = parseSignedFile(got.body.toString('utf8'), 'the Manifest', MAX_MANIFEST_BYTES);
      const signedWith = /"x-amz-credential":"([^"/]+)\//.exec(payload)?.[1];
      return signedWith !== undefined && signedWith !== this.config.S3_UPLOAD_ACCESS_KEY;
    } catch (error) {
      if (error instanceof Refusal) return false; // not as it was published, which is mended by itself
      throw error;
    }
  }
}
