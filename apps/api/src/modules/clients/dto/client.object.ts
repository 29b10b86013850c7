import { ArgsType, Field, Float, ID, Int, ObjectType } from '@nestjs/graphql';
import { connectionType, PageArgs } from '../../../platform/graphql/connection.js';
import { DateTime, Json } from '../../../platform/graphql/scalars.js';
import type { Client, ClientDetail } from '../domain/client.js';

@ObjectType('ClientDetail', { description: 'What the last Startup ticket of a client said' })
export class ClientDetailObject implements Pick<
  ClientDetail,
  | 'identity'
  | 'firstSeenAt'
  | 'agentStartAt'
  | 'bootAt'
  | 'capabilities'
  | 'clonedFrom'
  | 'facts'
  | 'clockAt'
  | 'crashedAt'
  | 'overQuotaAt'
  | 'overdueAt'
> {
  @Field(() => String)
  identity!: string;

  @Field(() => DateTime)
  firstSeenAt!: Date;

  @Field(() => DateTime, { nullable: true })
  agentStartAt!: Date | null;

  @Field(() => DateTime, { nullable: true })
  bootAt!: Date | null;

  @Field(() => [String])
  capabilities!: string[];

  @Field(() => String, { nullable: true })
  clonedFrom!: string | null;

  @Field(() => Json)
  facts!: unknown;

  @Field(() => DateTime, { nullable: true, description: 'When the clock’s offset was seen' })
  clockAt!: Date | null;

  @Field(() => DateTime, { nullable: true, description: 'The last crash' })
  crashedAt!: Date | null;

  @Field(() => DateTime, { nullable: true, description: 'The last flow that a quota stopped' })
  overQuotaAt!: Date | null;

  @Field(() => DateTime, { nullable: true, description: 'The last flow that had not ended when it expired' })
  overdueAt!: Date | null;
}

@ObjectType('Client', { description: 'An endpoint' })
export class ClientObject implements Client {
  @Field(() => ID)
  id!: string;

  @Field(() => String)
  hostname!: string;

  @Field(() => String)
  fqdn!: string;

  @Field(() => String)
  system!: string;

  @Field(() => String)
  osRelease!: string;

  @Field(() => String)
  architecture!: string;

  @Field(() => String)
  agentVersion!: string;

  @Field(() => String)
  acceptance!: string;

  @Field(() => DateTime)
  registeredAt!: Date;

  @Field(() => DateTime)
  lastSeenAt!: Date;

  @Field(() => [String], { description: 'Set by people: trusted' })
  labels!: string[];

  @Field(() => [String], { description: 'Labels of the agent’s own configuration: never trusted' })
  claims!: string[];

  @Field(() => Int, { description: 'Tickets under its name that were put aside' })
  quarantined!: number;

  @Field(() => Float, {
    nullable: true,
    description:
      'Milliseconds that the times in its tickets are ahead of the store’s; negative: behind, or long on their way',
  })
  clockOffsetMs!: number | null;

  @Field(() => Boolean, { description: 'Its clock is more than 10 minutes wrong' })
  clockSkewed!: boolean;

  @Field(() => Int, { description: 'Flows that ended as Crashed' })
  crashes!: number;

  @Field(() => Int, { description: 'Flows that one of their quotas stopped' })
  overQuota!: number;

  @Field(() => Int, { description: 'Flows that it began and had not ended when they expired' })
  overdue!: number;
}

export const ClientConnection = connectionType(ClientObject, 'Client');

@ArgsType()
export class ClientsArgs extends PageArgs {
  @Field(() => String, { nullable: true, description: 'Start of the host name' })
  hostname?: string | null;

  @Field(() => String, { nullable: true })
  label?: string | null;

  @Field(() => String, { nullable: true, description: 'A label that the agent claims' })
  claim?: string | null;
}
