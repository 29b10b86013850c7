import { ArgsType, Field, ID, ObjectType } from '@nestjs/graphql';
import { connectionType, PageArgs } from '../../../platform/graphql/connection.js';
import { DateTime } from '../../../platform/graphql/scalars.js';
import type { QuarantineEntry } from '../domain/quarantine-entry.js';

/** An entry as the GraphQL door shows it: an id is text there. */
export type QuarantineNode = Omit<QuarantineEntry, 'id'> & { id: string };

export const toQuarantineNode = (entry: QuarantineEntry): QuarantineNode => ({ ...entry, id: String(entry.id) });

@ObjectType('QuarantineEntry', { description: 'A ticket that was put aside' })
export class QuarantineObject implements QuarantineNode {
  @Field(() => ID)
  id!: string;

  @Field(() => DateTime)
  at!: Date;

  @Field(() => String)
  key!: string;

  @Field(() => String)
  reason!: string;

  @Field(() => String)
  detail!: string;

  @Field(() => ID, { nullable: true, description: 'Whose name was used; says nothing about who sent it' })
  clientId!: string | null;

  @Field(() => ID, { nullable: true })
  flowId!: string | null;

  @Field(() => String, { nullable: true, description: 'The object under quarantine/ that holds the bytes' })
  archiveKey!: string | null;
}

export const QuarantineConnection = connectionType(QuarantineObject, 'Quarantine');

@ArgsType()
export class QuarantineArgs extends PageArgs {
  @Field(() => ID, { nullable: true })
  clientId?: string | null;

  @Field(() => ID, { nullable: true })
  flowId?: string | null;
}
