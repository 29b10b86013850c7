import { z } from 'zod';
import { ClientId, Label } from '#wire';
import type { Labelled } from '../client-labels.service.js';

const Labels = z.array(Label).max(8).default([]);

/** One change of the labels of many clients. */
export const LabelsInput = z
  .strictObject({
    clients: z.array(ClientId).min(1).max(1000),
    add: Labels.describe('Labels that each of the clients is given'),
    remove: Labels.describe('Labels that are taken from each of the clients'),
  })
  .refine(({ add, remove }) => add.length + remove.length > 0, { error: 'nothing to add or remove', path: ['add'] })
  .refine(({ add, remove }) => !add.some((label) => remove.includes(label)), {
    error: 'a label is given or taken, not both',
    path: ['remove'],
  })
  .meta({ id: 'LabelsInput' });
export type LabelsInput = z.infer<typeof LabelsInput>;

export const LabelledModel = z
  .object({ items: z.array(z.object({ client_id: ClientId, labels: z.array(z.string()) })) })
  .meta({ id: 'Labelled' });

export const renderLabelled = (clients: readonly Labelled[]): z.infer<typeof LabelledModel> => ({
  items: clients.map(({ clientId, labels }) => ({ client_id: clientId, labels })),
});
