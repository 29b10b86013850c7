import { Global, Inject, Injectable, Module, type OnModuleDestroy, Optional } from '@nestjs/common';
import { type ObjectStore, openS3Store } from '#locations';
import type { CommonConfig, HttpConfig } from '../config/env.js';
import { COMMON_CONFIG, HTTP_CONFIG } from '../config/tokens.js';

/** How long a store may be silent before it is said to be away; what moves may take as long as it needs. */
const PATIENT_MS = 30_000;
/** Of who answers people. */
const PROMPT_MS = 4_000;

/** The bucket, with the service's key. */
@Injectable()
export class Store implements OnModuleDestroy {
  readonly bucket: ObjectStore;

  constructor(@Inject(COMMON_CONFIG) config: CommonConfig, @Optional() @Inject(HTTP_CONFIG) http?: HttpConfig) {
    this.bucket = openS3Store(
      {
        endpoint: config.S3_ENDPOINT,
        region: config.S3_REGION,
        bucket: config.S3_BUCKET,
        accessKeyId: config.S3_ACCESS_KEY,
        secretAccessKey: config.S3_SECRET_KEY,
        forcePathStyle: true,
      },
      { timeoutMs: http === undefined ? PATIENT_MS : PROMPT_MS },
    );
  }

  onModuleDestroy(): void {
    this.bucket.close();
  }
}

@Global()
@Module({ providers: [Store], exports: [Store] })
export class StoreModule {}
