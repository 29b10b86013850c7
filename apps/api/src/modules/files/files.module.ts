import { Module } from '@nestjs/common';
import { DownloadGate } from './download-gate.js';
import { FileContents } from './file-contents.service.js';
import { FilesController } from './files.controller.js';
import { FilesRepository } from './files.repository.js';
import { FilesResolver } from './files.resolver.js';
import { FilesService } from './files.service.js';

@Module({
  controllers: [FilesController],
  providers: [FilesRepository, FilesService, FileContents, DownloadGate, FilesResolver],
})
export class FilesModule {}
