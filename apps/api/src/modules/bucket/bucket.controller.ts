import { Controller, Get, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { Access, CurrentPrincipal } from '../../platform/access/access.decorator.js';
import type { Principal } from '../../platform/access/principal.js';
import { decimal } from '../../platform/http/paging.js';
import { BucketService } from './bucket.service.js';

const ListQuery = z.strictObject({
  prefix: z.string().max(1024).default(''),
  delimiter: z.literal('/').optional().describe('Only this level, deeper ones as prefixes'),
  start_after: z.string().max(1024).optional(),
  limit: decimal(1, 1000, 100),
});
type ListQuery = z.infer<typeof ListQuery>;

const ObjectModel = z.object({ key: z.string(), size: z.number(), etag: z.string(), last_modified: z.iso.datetime() });
const ListModel = z
  .object({ objects: z.array(ObjectModel), prefixes: z.array(z.string()), truncated: z.boolean() })
  .meta({ id: 'BucketList' });
const LinkModel = ObjectModel.extend({ url: z.string(), expires_at: z.iso.datetime() }).meta({ id: 'ObjectLink' });
const KeyQuery = z.strictObject({ key: z.string().min(1).max(1024) });
type KeyQuery = z.infer<typeof KeyQuery>;

const renderObject = (o: {
  key: string;
  size: number;
  etag: string;
  lastModified: Date;
}): z.infer<typeof ObjectModel> => ({
  key: o.key,
  size: o.size,
  etag: o.etag,
  last_modified: o.lastModified.toISOString(),
});

@ApiTags('bucket')
@ApiBearerAuth()
@Controller('bucket')
export class BucketController {
  constructor(private readonly bucket: BucketService) {}

  @Get()
  @Access('bucket.read')
  @ApiOkResponse({ standardSchema: ListModel })
  async list(
    @CurrentPrincipal() principal: Principal,
    @Query({ schema: ListQuery }) query: ListQuery,
  ): Promise<z.infer<typeof ListModel>> {
    const { start_after: startAfter, ...rest } = query;
    const page = await this.bucket.list(principal, { ...rest, startAfter });
    return { objects: page.objects.map(renderObject), prefixes: page.prefixes, truncated: page.next !== undefined };
  }

  @Get('object')
  @Access('bucket.read')
  @ApiOkResponse({ standardSchema: LinkModel })
  async link(
    @CurrentPrincipal() principal: Principal,
    @Query({ schema: KeyQuery }) query: KeyQuery,
  ): Promise<z.infer<typeof LinkModel>> {
    const { info, url, expiresAt } = await this.bucket.link(principal, query.key);
    return { ...renderObject(info), url, expires_at: expiresAt.toISOString() };
  }
}
