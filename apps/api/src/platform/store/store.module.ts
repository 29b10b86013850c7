import { Global, Inject, Injectable, Module, type OnModuleDestroy } from '@nestjs/common';
import { type ObjectStore, openS3Store } from '#locations';
import type { CommonConfig } from '../config/env.js';
import { COMMON_CONFIG } from '../config/tokens.js';

/** The bucket, with the service's key. */
@Injectable()
export class Store implements OnModuleDestroy {
  readonly bucket: ObjectStore;

  constructor(@Inject(COMMON_CONFIG) config: CommonConfig) {
    this.bucket = openS3Store({
      endpoint: config.S3_ENDPOINT,
      region: config.S3_REGION,
      bucket: config.S3_BUCKET,
      accessKeyId: config.S3_ACCESS_KEY,
      secretAccessKey: config.S3_SECRET_KEY,
      forcePathStyle: true,
    });
  }

  onModuleDestroy(): void {
    this.bucket.close();
  }
}

@Global()
@Module({ providers: [Store], exports: [Store] })
export class StoreModule {}
