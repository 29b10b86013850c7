import { ArgsType, Field, Float, ID, InputType, Int, ObjectType } from '@nestjs/graphql';
import { z } from 'zod';
import { ClientId } from '#wire';
import { connectionType, PageArgs, type Paging } from '../../../platform/graphql/connection.js';
import { BigInteger, DateTime } from '../../../platform/graphql/scalars.js';
import { NewestPosition, newestPosition } from '../../../platform/http/paging.js';
import { LaunchObject } from '../../flows/index.js';
import type { Hunt, HuntClient, HuntStats, RecruitmentPoint } from '../domain/hunt.js';

@ObjectType('HuntStats', { description: 'Counts over the clients of your scope' })
export class HuntStatsObject implements HuntStats {
  @Field(() => BigInteger)
  started!: bigint;

  @Field(() => BigInteger)
  done!: bigint;

  @Field(() => BigInteger)
  error!: bigint;

  @Field(() => BigInteger)
  cancelled!: bigint;

  @Field(() => BigInteger)
  crashed!: bigint;

  @Field(() => BigInteger)
  rejected!: bigint;

  @Field(() => BigInteger)
  skipped!: bigint;

  @Field(() => BigInteger)
  rows!: bigint;

  @Field(() => BigInteger)
  bytes!: bigint;

  @Field(() => BigInteger, { description: 'Registered clients of the target seen in 30 days' })
  expected!: bigint;
}

@ObjectType('RecruitmentPoint', { description: 'Clients that had finished by a moment' })
export class RecruitmentPointObject implements RecruitmentPoint {
  @Field(() => DateTime)
  at!: Date;

  @Field(() => Float, { description: 'Since the hunt was created' })
  seconds!: number;

  @Field(() => BigInteger)
  finished!: bigint;
}

/** A client's part, with the hunt that it is in. */
export type HuntClientNode = HuntClient & { huntId: string };

@ObjectType('HuntClient', { description: 'A client’s part in a hunt' })
export class HuntClientObject implements HuntClientNode {
  @Field(() => ID)
  huntId!: string;

  @Field(() => ID)
  clientId!: string;

  @Field(() => String)
  hostname!: string;

  @Field(() => String)
  state!: string;

  @Field(() => Int)
  attempt!: number;

  @Field(() => DateTime, { nullable: true })
  startedAt!: Date | null;

  @Field(() => DateTime, { nullable: true })
  finishedAt!: Date | null;

  @Field(() => BigInteger)
  rows!: bigint;

  @Field(() => BigInteger)
  bytes!: bigint;

  @Field(() => String, { nullable: true })
  error!: string | null;

  @Field(() => String)
  ticketKey!: string;
}

@ObjectType('Hunt', { description: 'A flow on the queues of labels' })
export class HuntObject implements Omit<Hunt, 'entryState'> {
  @Field(() => ID)
  id!: string;

  @Field(() => String)
  type!: string;

  @Field(() => String)
  description!: string;

  @Field(() => String)
  creator!: string;

  @Field(() => String, {
    name: 'state',
    description: 'Draft, Waiting, Running, Paused; terminal: Stopped, Completed, Refused',
  })
  huntState!: string;

  @Field(() => Boolean, { description: 'Ended for good: the state is never another one again' })
  terminal!: boolean;

  @Field(() => [String])
  labels!: string[];

  @Field(() => String, {
    nullable: true,
    description:
      'Why a job file of its labels could not be published, while that is so: clients have not seen the newest',
  })
  publishError!: string | null;

  @Field(() => String)
  specDigest!: string;

  @Field(() => String, { nullable: true })
  sampleBelow!: string | null;

  @Field(() => String, { nullable: true })
  externalRef!: string | null;

  @Field(() => DateTime)
  createdAt!: Date;

  @Field(() => DateTime)
  expiresAt!: Date;

  @Field(() => DateTime, { nullable: true })
  endedAt!: Date | null;
}

export const HuntConnection = connectionType(HuntObject, 'Hunt');
export const HuntClientConnection = connectionType(HuntClientObject, 'HuntClient');

export const huntPaging: Paging<Hunt, NewestPosition> = {
  query: ['hunts'],
  position: NewestPosition,
  of: newestPosition,
};

export const huntClientPaging = (huntId: string, state: string | undefined): Paging<HuntClient, string> => ({
  query: ['hunt-clients', huntId, state],
  position: z.string().pipe(ClientId),
  of: ({ clientId }) => clientId,
});

@ArgsType()
export class HuntClientsArgs extends PageArgs {
  @Field(() => String, { nullable: true, description: 'Started, Done, Error, Cancelled, Crashed, Rejected, Skipped' })
  state?: string | null;
}

@InputType('HuntInput', { description: 'A flow, its labels, and how many clients at most' })
export class HuntInputObject extends LaunchObject {
  @Field(() => [String], { description: 'Labels that people gave; All is every client' })
  labels!: string[];

  @Field(() => Int, { nullable: true, description: 'At most so many of the clients registered now take part' })
  limit?: number | null;
}
