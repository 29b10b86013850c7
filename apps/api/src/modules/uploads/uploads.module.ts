import { Module } from '@nestjs/common';
import { UploadsController } from './uploads.controller.js';
import { UploadsRepository } from './uploads.repository.js';
import { UploadsResolver } from './uploads.resolver.js';
import { UploadsService } from './uploads.service.js';

/** What the patrol found: bytes by client, orphans. */
@Module({ controllers: [UploadsController], providers: [UploadsRepository, UploadsService, UploadsResolver] })
export class UploadsModule {}
