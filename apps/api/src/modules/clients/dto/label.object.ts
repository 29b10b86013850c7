import { Field, ID, InputType, ObjectType } from '@nestjs/graphql';
import type { Labelled } from '../client-labels.service.js';

@ObjectType('Labelled', { description: 'A client’s labels after a change' })
export class LabelledObject implements Labelled {
  @Field(() => ID)
  clientId!: string;

  @Field(() => [String])
  labels!: string[];
}

@InputType('LabelsInput', { description: 'One change of the labels of many clients, all or nothing' })
export class LabelsInputObject {
  @Field(() => [ID])
  clients!: string[];

  @Field(() => [String], { nullable: true })
  add?: string[] | null;

  @Field(() => [String], { nullable: true })
  remove?: string[] | null;
}
