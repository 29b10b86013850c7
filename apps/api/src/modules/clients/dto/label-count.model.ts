import { Field, ObjectType } from '@nestjs/graphql';
import { z } from 'zod';
import { Label } from '#wire';
import { connectionType, type Paging } from '../../../platform/graphql/connection.js';
import { BigInteger } from '../../../platform/graphql/scalars.js';
import type { LabelCount } from '../domain/label-change.js';

export const LabelCountModel = z
  .object({ label: z.string(), clients: z.number().int().nonnegative().describe('Clients of your scope that have it') })
  .meta({ id: 'LabelCount' });

export const renderLabelCount = ({ label, clients }: LabelCount): z.infer<typeof LabelCountModel> => ({
  label,
  clients: Number(clients),
});

@ObjectType('LabelCount', { description: 'A label that people gave, and how many clients of your scope have it' })
class LabelCountObject implements LabelCount {
  @Field(() => String)
  label!: string;

  @Field(() => BigInteger)
  clients!: bigint;
}

export const LabelConnection = connectionType(LabelCountObject, 'LabelCount');

export const labelPaging: Paging<LabelCount, string> = {
  query: ['labels'],
  position: z.string().pipe(Label),
  of: ({ label }) => label,
};
