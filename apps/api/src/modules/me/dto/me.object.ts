import { Field, ID, ObjectType } from '@nestjs/graphql';
import { DateTime } from '../../../platform/graphql/scalars.js';
import type { GrantInForce } from '../../../platform/access/principal.js';

@ObjectType('GrantInForce')
export class GrantInForceObject implements Omit<GrantInForce, 'role'> {
  @Field(() => String)
  role!: string;

  @Field(() => String, { description: '*, label:<label> or client:<client id>' })
  scope!: string;

  @Field(() => DateTime, { nullable: true })
  validUntil!: Date | null;
}

@ObjectType('Me')
export class MeObject {
  @Field(() => ID)
  id!: string;

  @Field(() => String)
  name!: string;

  @Field(() => ID, { nullable: true })
  tokenId?: string;

  @Field(() => ID, { nullable: true })
  sessionId?: string;

  @Field(() => [GrantInForceObject])
  grants!: GrantInForceObject[];

  @Field(() => [GrantInForceObject], { nullable: true })
  tokenGrants?: GrantInForceObject[];

  @Field(() => [String], { description: 'Held somewhere; the grants say where' })
  permissions!: string[];
}
