import { Args, ID, Query, Resolver } from '@nestjs/graphql';
import { ClientId, FlowId } from '#wire';
import { Access, CurrentPrincipal } from '../../platform/access/access.decorator.js';
import type { Principal } from '../../platform/access/principal.js';
import { Connections } from '../../platform/graphql/connection.js';
import { parseInput } from '../../platform/http/validation.js';
import { FileId } from './dto/file.model.js';
import { FileConnection, FileObject, filePaging, FilesArgs, toFileNode } from './dto/file.object.js';
import { FilesService } from './files.service.js';

@Resolver(() => FileObject)
export class FilesResolver {
  constructor(
    private readonly service: FilesService,
    private readonly connections: Connections,
  ) {}

  @Query(() => FileConnection, { nullable: true })
  @Access('collections.read')
  files(@CurrentPrincipal() principal: Principal, @Args() args: FilesArgs) {
    const flowId = parseInput(FlowId.optional(), args.flowId ?? undefined);
    const clientId = parseInput(ClientId.optional(), args.clientId ?? undefined);
    return this.connections.read(
      principal,
      args,
      filePaging(flowId, clientId),
      (after, limit) => this.service.list(principal, { flowId, clientId }, after, limit),
      toFileNode,
    );
  }

  @Query(() => FileObject, { nullable: true })
  @Access('collections.read')
  async file(@CurrentPrincipal() principal: Principal, @Args('id', { type: () => ID }) id: string) {
    return toFileNode(await this.service.get(principal, parseInput(FileId, id)));
  }
}
