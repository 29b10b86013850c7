import { Controller, Get, Header, Param, Query, StreamableFile } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { ClientId, FlowId } from '#wire';
import { Access, CurrentPrincipal } from '../../platform/access/access.decorator.js';
import type { Principal } from '../../platform/access/principal.js';
import { Cursors } from '../../platform/http/cursor.js';
import { PageQuery } from '../../platform/http/paging.js';
import { attachment, safeName } from './domain/disposition.js';
import { FileId, FileModel, FilesModel, renderFile } from './dto/file.model.js';
import { FilesService } from './files.service.js';

const FilesQuery = PageQuery.extend({ flow_id: FlowId.optional(), client_id: ClientId.optional() });
type FilesQuery = z.infer<typeof FilesQuery>;

@ApiTags('files')
@ApiBearerAuth()
@Controller('files')
export class FilesController {
  constructor(
    private readonly files: FilesService,
    private readonly cursors: Cursors,
  ) {}

  @Get()
  @Access('collections.read')
  @ApiOkResponse({ standardSchema: FilesModel })
  async list(@CurrentPrincipal() principal: Principal, @Query({ schema: FilesQuery }) query: FilesQuery) {
    const { flow_id: flowId, client_id: clientId, ...page } = query;
    const found = await this.cursors.page(principal.userId, ['files', flowId, clientId], page, {
      position: FileId,
      of: (file) => file.id,
      read: (after, count) => this.files.list(principal, { flowId, clientId }, after, count),
      render: renderFile,
    });
    return { ...found, partial: this.files.isPartial(principal) };
  }

  @Get(':file_id')
  @Access('collections.read')
  @ApiOkResponse({ standardSchema: FileModel })
  async get(@CurrentPrincipal() principal: Principal, @Param('file_id', { schema: FileId }) id: string) {
    return renderFile(await this.files.get(principal, id));
  }

  @Get(':file_id/content')
  @Access('collections.read')
  @Header('x-content-type-options', 'nosniff')
  @Header('cache-control', 'private, no-store')
  @ApiOkResponse({ description: 'The file as it was on its machine', content: { 'application/octet-stream': {} } })
  async content(@CurrentPrincipal() principal: Principal, @Param('file_id', { schema: FileId }) id: string) {
    const { file, content } = await this.files.download(principal, id);
    return new StreamableFile(content, {
      type: 'application/octet-stream',
      disposition: attachment(safeName(file.pathBytes)),
      length: Number(file.contentBytes),
    });
  }
}
