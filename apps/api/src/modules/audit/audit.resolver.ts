import { Args, Query, Resolver } from '@nestjs/graphql';
import { Access, CurrentPrincipal } from '../../platform/access/access.decorator.js';
import type { Principal } from '../../platform/access/principal.js';
import { Connections } from '../../platform/graphql/connection.js';
import { parseInput, withoutNulls } from '../../platform/http/validation.js';
import { AuditQuery } from './dto/audit-event.model.js';
import {
  AuditArgs,
  AuditConnection,
  AuditEventObject,
  auditPaging,
  auditQuery,
  toAuditEventNode,
} from './dto/audit-event.object.js';
import { AuditSearchService } from './search.service.js';

@Resolver(() => AuditEventObject)
export class AuditResolver {
  constructor(
    private readonly log: AuditSearchService,
    private readonly connections: Connections,
  ) {}

  /** Newest first. Each search is itself recorded. */
  @Query(() => AuditConnection, { nullable: true })
  @Access('audit.read')
  audit(@CurrentPrincipal() principal: Principal, @Args() args: AuditArgs) {
    const query = parseInput(AuditQuery, withoutNulls(auditQuery(args)));
    const { limit: _limit, cursor: _cursor, object_kind: objectKind, object_id: objectId, ...same } = query;
    const filter = { ...same, objectKind, objectId };
    const read = (after: string | undefined, limit: number) =>
      this.log.search(principal, filter, after === undefined ? undefined : BigInt(after), limit);
    return this.connections.read(principal, args, auditPaging(filter), read, toAuditEventNode);
  }
}
