import { ArgsType, Field, ID, InputType, ObjectType } from '@nestjs/graphql';
import { connectionType, PageArgs, type Paging } from '../../../platform/graphql/connection.js';
import { DateTime } from '../../../platform/graphql/scalars.js';
import type { Grant, User } from '../domain/user.js';
import { GrantId } from './grant.input.js';
import { UserId } from './user.input.js';

@ObjectType('User', { description: 'A person or a service account' })
export class UserObject implements Omit<User, 'kind'> {
  @Field(() => ID)
  id!: string;

  @Field(() => String)
  name!: string;

  @Field(() => String, { description: 'person or service' })
  kind!: string;

  @Field(() => String, { nullable: true })
  email!: string | null;

  @Field(() => Boolean)
  hasPassword!: boolean;

  @Field(() => DateTime)
  createdAt!: Date;

  @Field(() => DateTime, { nullable: true, description: 'Its sessions have ended and its tokens are refused' })
  disabledAt!: Date | null;
}

@ObjectType('Grant', { description: 'What a user may do where' })
export class GrantObject implements Omit<Grant, 'role'> {
  @Field(() => ID)
  id!: string;

  @Field(() => ID)
  userId!: string;

  @Field(() => String)
  role!: string;

  @Field(() => String, { description: '*, label:<label> or client:<client id>' })
  scope!: string;

  @Field(() => DateTime)
  validFrom!: Date;

  @Field(() => DateTime, { nullable: true, description: 'null: for good' })
  validUntil!: Date | null;

  @Field(() => DateTime)
  createdAt!: Date;

  @Field(() => ID)
  createdBy!: string;
}

export const UserConnection = connectionType(UserObject, 'User');
export const GrantConnection = connectionType(GrantObject, 'Grant');

export const userPaging: Paging<User, string> = { query: ['users'], position: UserId, of: ({ id }) => id };

export const grantPaging = (userId: string | undefined): Paging<Grant, string> => ({
  query: ['grants', userId],
  position: GrantId,
  of: ({ id }) => id,
});

@ArgsType()
export class GrantsArgs extends PageArgs {
  @Field(() => ID, { nullable: true })
  userId?: string | null;
}

@InputType('UserInput')
export class UserInputObject {
  @Field(() => String)
  name!: string;

  @Field(() => String, { nullable: true, description: 'person (default) or service' })
  kind?: string | null;

  @Field(() => String, { nullable: true, description: 'What a person signs in with' })
  email?: string | null;

  @Field(() => String, { nullable: true })
  password?: string | null;
}

@InputType('UserPatch')
export class UserPatchObject {
  @Field(() => String, { nullable: true })
  name?: string | null;

  @Field(() => String, { nullable: true })
  email?: string | null;

  @Field(() => String, { nullable: true, description: 'Ends all sessions of the user' })
  password?: string | null;

  @Field(() => Boolean, { nullable: true })
  disabled?: boolean | null;
}

@InputType('GrantInput')
export class GrantInputObject {
  @Field(() => ID)
  userId!: string;

  @Field(() => String)
  role!: string;

  @Field(() => String)
  scope!: string;

  @Field(() => DateTime, { nullable: true, description: 'Now unless given' })
  validFrom?: string | null;

  @Field(() => DateTime, { nullable: true, description: 'For good unless given' })
  validUntil?: string | null;
}
