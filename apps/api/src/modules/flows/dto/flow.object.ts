import { ArgsType, Field, ID, Int, ObjectType } from '@nestjs/graphql';
import { connectionType, PageArgs, type Paging } from '../../../platform/graphql/connection.js';
import { BigInteger, DateTime, Json } from '../../../platform/graphql/scalars.js';
import { NewestPosition, newestPosition } from '../../../platform/http/paging.js';
import type { Flow, Run } from '../domain/flow.js';
import type { FlowView } from '../flows.service.js';

@ObjectType('Run', { description: 'What a client said of a flow' })
export class RunObject implements Omit<Run, 'flowId' | 'clientId' | 'state' | 'ticketKey' | 'error'> {
  @Field(() => Int)
  attempt!: number;

  @Field(() => DateTime, { nullable: true })
  startedAt!: Date | null;

  @Field(() => DateTime, { nullable: true })
  finishedAt!: Date | null;

  @Field(() => DateTime)
  updatedAt!: Date;

  @Field(() => BigInteger)
  rows!: bigint;

  @Field(() => BigInteger)
  bytes!: bigint;

  @Field(() => Json, { nullable: true })
  progress!: unknown;

  @Field(() => Json, { nullable: true })
  resources!: unknown;

  @Field(() => Json, { nullable: true })
  logs!: unknown;

  @Field(() => String, { nullable: true })
  backtrace!: string | null;
}

/** A flow as the GraphQL door shows it. */
export type FlowNode = Flow & Omit<FlowView, 'flow'>;

export const toFlowNode = ({ flow, ...view }: FlowView): FlowNode => ({ ...flow, ...view });

@ObjectType('Flow', { description: 'A flow on one client' })
export class FlowObject implements Omit<FlowNode, 'entryState'> {
  @Field(() => ID)
  id!: string;

  @Field(() => ID)
  clientId!: string;

  @Field(() => String)
  type!: string;

  @Field(() => String)
  description!: string;

  @Field(() => String)
  creator!: string;

  @Field(() => String, {
    description: 'Pending, Started, Expired, Done, Error, Cancelled, Crashed, Rejected, Skipped',
  })
  state!: string;

  @Field(() => Boolean, {
    description: 'No more is to be expected: the last word of the client was taken in, or the time of the flow is over',
  })
  terminal!: boolean;

  @Field(() => Boolean, { description: 'The newest ticket is in the bucket and not yet taken in' })
  unprocessed!: boolean;

  @Field(() => String, { nullable: true })
  ticketKey!: string | null;

  @Field(() => String, { nullable: true })
  error!: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'Why the job file could not be published, while that is so: the client has not seen the newest',
  })
  publishError!: string | null;

  @Field(() => String)
  specDigest!: string;

  @Field(() => String, { nullable: true })
  externalRef!: string | null;

  @Field(() => DateTime)
  createdAt!: Date;

  @Field(() => DateTime)
  expiresAt!: Date;

  @Field(() => DateTime, { nullable: true })
  endedAt!: Date | null;

  @Field(() => RunObject, { nullable: true })
  run!: Run | undefined;
}

export const flowPaging = (clientId: string | undefined): Paging<FlowView, NewestPosition> => ({
  query: ['flows', clientId],
  position: NewestPosition,
  of: ({ flow }) => newestPosition(flow),
});

export const FlowConnection = connectionType(FlowObject, 'Flow');

@ArgsType()
export class FlowsArgs extends PageArgs {
  @Field(() => ID, { nullable: true })
  clientId?: string | null;
}
