import { ArgsType, Field, ID, InputType, ObjectType } from '@nestjs/graphql';
import { connectionType, PageArgs, type Paging } from '../../../platform/graphql/connection.js';
import { DateTime } from '../../../platform/graphql/scalars.js';
import type { ApiToken } from '../tokens.repository.js';
import { TokenId } from './token.dto.js';

@ObjectType('TokenGrant')
class TokenGrant {
  @Field(() => String)
  role!: string;

  @Field(() => String)
  scope!: string;
}

@ObjectType('ApiToken', { description: 'An API token without its secret' })
export class ApiTokenObject implements ApiToken {
  @Field(() => ID)
  id!: string;

  @Field(() => ID)
  userId!: string;

  @Field(() => String)
  name!: string;

  @Field(() => [TokenGrant], { description: 'None: all of its owner’s' })
  grants!: TokenGrant[];

  @Field(() => DateTime)
  createdAt!: Date;

  @Field(() => DateTime)
  expiresAt!: Date;

  @Field(() => DateTime, { nullable: true })
  revokedAt!: Date | null;

  @Field(() => DateTime, { nullable: true, description: 'To the minute' })
  lastUsedAt!: Date | null;
}

@ObjectType('NewApiToken')
export class NewApiTokenObject {
  @Field(() => ApiTokenObject)
  token!: ApiTokenObject;

  @Field(() => String, {
    nullable: true,
    description: 'Shown this once; null when the same idempotencyKey made it earlier',
  })
  secret?: string | undefined;
}

export const ApiTokenConnection = connectionType(ApiTokenObject, 'ApiToken');

export const tokenPaging = (userId: string | undefined): Paging<ApiToken, string> => ({
  query: ['tokens', userId],
  position: TokenId,
  of: ({ id }) => id,
});

@ArgsType()
export class TokensArgs extends PageArgs {
  @Field(() => ID, { nullable: true, description: 'Yourself unless given' })
  userId?: string | null;
}

@InputType('TokenGrantInput')
class TokenGrantInput {
  @Field(() => String)
  role!: string;

  @Field(() => String)
  scope!: string;
}

@InputType('TokenInput')
export class TokenInputObject {
  @Field(() => String)
  name!: string;

  @Field(() => DateTime, { description: 'At most a year from now' })
  expiresAt!: string;

  @Field(() => [TokenGrantInput], { nullable: true, description: 'All of its owner’s when absent' })
  grants?: TokenGrantInput[] | null;

  @Field(() => ID, { nullable: true, description: 'A service account; yourself when absent' })
  userId?: string | null;
}

/** As REST has it in its body, unchecked. */
export const tokenBody = ({ name, expiresAt, grants, userId }: TokenInputObject): Record<string, unknown> => ({
  name,
  expires_at: expiresAt,
  grants: grants?.map(({ role, scope }) => ({ role, scope })),
  user_id: userId ?? undefined,
});
