import { ArgsType, Field, ID, ObjectType } from '@nestjs/graphql';
import { z } from 'zod';
import { connectionType, PageArgs, type Paging } from '../../../platform/graphql/connection.js';
import { BigInteger, DateTime, Json } from '../../../platform/graphql/scalars.js';
import type { AuditEvent, AuditFilter } from '../domain/audit-event.js';

/** An event as the GraphQL door shows it: an id is text there. */
export type AuditEventNode = Omit<AuditEvent, 'id' | 'outcome'> & { id: string; outcome: string };

export const toAuditEventNode = (event: AuditEvent): AuditEventNode => ({ ...event, id: String(event.id) });

@ObjectType('AuditEvent')
export class AuditEventObject implements AuditEventNode {
  @Field(() => ID)
  id!: string;

  @Field(() => DateTime)
  at!: Date;

  @Field(() => String)
  actor!: string;

  @Field(() => ID, { nullable: true })
  tokenId!: string | null;

  @Field(() => String)
  action!: string;

  @Field(() => String)
  objectKind!: string;

  @Field(() => String, { nullable: true })
  objectId!: string | null;

  @Field(() => String)
  outcome!: string;

  @Field(() => String, { nullable: true })
  requestId!: string | null;

  @Field(() => String, { nullable: true })
  address!: string | null;

  @Field(() => Json)
  details!: unknown;

  @Field(() => BigInteger, { nullable: true, description: 'Its place in the chain; null until it has one' })
  seq!: bigint | null;

  @Field(() => String, { nullable: true })
  chainHash!: string | null;
}

export const AuditConnection = connectionType(AuditEventObject, 'AuditEvent');

export const auditPaging = (filter: AuditFilter): Paging<AuditEvent, string> => ({
  query: ['audit', filter],
  position: z.string().regex(/^\d{1,18}$/),
  of: ({ id }) => String(id),
});

@ArgsType()
export class AuditArgs extends PageArgs {
  @Field(() => String, { nullable: true, description: 'A user id, system:worker, system:admin or anonymous' })
  actor?: string | null;

  @Field(() => String, { nullable: true })
  action?: string | null;

  @Field(() => String, { nullable: true })
  objectKind?: string | null;

  @Field(() => String, { nullable: true })
  objectId?: string | null;

  @Field(() => String, { nullable: true, description: 'done, denied or failed' })
  outcome?: string | null;

  @Field(() => DateTime, { nullable: true, description: 'Events from this time on' })
  from?: string | null;

  @Field(() => DateTime, { nullable: true, description: 'Events before this time' })
  to?: string | null;
}

/** As REST has it in its query, unchecked. */
export const auditQuery = ({ objectKind, objectId, first, after, ...same }: AuditArgs): Record<string, unknown> => ({
  ...same,
  object_kind: objectKind ?? null,
  object_id: objectId ?? null,
  limit: first,
  cursor: after ?? null,
});
