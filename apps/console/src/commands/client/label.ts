import type { Command } from 'commander';
import { z } from 'zod';
import { Label } from '#wire';
import { usage } from '../../errors.js';
import { printObject } from '../../output/print.js';
import type { Terminal } from '../../terminal.js';
import { apiCommand, type ApiOptions, withApi } from '../api-command.js';
import { clientId } from '../ids.js';

const Labelled = z.looseObject({
  items: z.array(z.looseObject({ client_id: z.string(), labels: z.array(z.string()) })),
});

/** `+web` and `-db` as labels to give and to take. Throws a usage error for anything else. */
const changeOf = (words: readonly string[]): { add: string[]; remove: string[] } => {
  const change = { add: [] as string[], remove: [] as string[] };
  for (const word of words) {
    const [sign, label] = [word[0], word.slice(1)];
    if ((sign !== '+' && sign !== '-') || !Label.safeParse(label).success)
      throw usage(`${word}: expected +LABEL to give a label, -LABEL to take one away`);
    change[sign === '+' ? 'add' : 'remove'].push(label);
  }
  return change;
};

/** `rekall client label`. */
export const clientLabelCommand = (terminal: Terminal): Command =>
  apiCommand('label', 'gives a client labels and takes them away; its agent follows at its next poll', [
    'rekall client label C.0123456789abcdef +web -db',
  ])
    .argument('<client>', 'its id', clientId)
    .argument('<changes...>', '+LABEL gives a label, -LABEL takes one away')
    .allowUnknownOption() // -db looks like one
    .action((id: string, words: string[], options: ApiOptions) =>
      withApi(options, async (api) => {
        const answer = await api.post('/clients/labels', { clients: [id], ...changeOf(words) }, Labelled);
        for (const client of answer.items)
          printObject(
            terminal,
            options,
            [
              ['client', client.client_id],
              ['labels', client.labels.join(' ') || '(none)'],
            ],
            client,
          );
      }),
    );
