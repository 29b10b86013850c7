import { ArgsType, Field, ID, ObjectType } from '@nestjs/graphql';
import { connectionType, PageArgs } from '../../../platform/graphql/connection.js';
import { BigInteger, DateTime } from '../../../platform/graphql/scalars.js';
import type { ClientUsage, Orphan } from '../domain/upload.js';

@ObjectType('ClientUsage', { description: 'What lies in the bucket under a client’s id, by the last whole look' })
export class UsageObject implements ClientUsage {
  @Field(() => ID)
  clientId!: string;

  @Field(() => BigInteger)
  bytes!: bigint;

  @Field(() => BigInteger)
  objects!: bigint;
}

export const UsageConnection = connectionType(UsageObject, 'ClientUsage');

@ObjectType('Orphan', { description: 'An object that nothing names and nothing can any more' })
export class OrphanObject implements Orphan {
  @Field(() => String)
  key!: string;

  @Field(() => BigInteger)
  bytes!: bigint;

  @Field(() => ID, { nullable: true, description: 'Whose name is in the key; says nothing about who wrote it' })
  clientId!: string | null;

  @Field(() => ID, { nullable: true })
  flowId!: string | null;

  @Field(() => DateTime, { description: 'It is removed a week later, when it is still one' })
  firstSeenAt!: Date;

  @Field(() => DateTime)
  seenAt!: Date;
}

export const OrphanConnection = connectionType(OrphanObject, 'Orphan');

@ArgsType()
export class OrphansArgs extends PageArgs {
  @Field(() => ID, { nullable: true })
  clientId?: string | null;
}
