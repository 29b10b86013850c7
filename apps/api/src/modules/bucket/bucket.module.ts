import { Module } from '@nestjs/common';
import { BucketController } from './bucket.controller.js';
import { BucketService } from './bucket.service.js';

@Module({ controllers: [BucketController], providers: [BucketService] })
export class BucketModule {}
