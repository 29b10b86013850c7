import type { Command } from 'commander';
import { Collection, Flow } from '../../api/models.js';
import { listItems } from '../../api/pages.js';
import { printable } from '../../output/escape.js';
import { bytes } from '../../output/human.js';
import type { Terminal } from '../../terminal.js';
import { apiCommand, type ApiOptions, withApi } from '../api-command.js';
import { flowId } from '../ids.js';
import { showFlow } from './show.js';

/** `rekall flow inspect`. */
export const flowInspectCommand = (terminal: Terminal): Command =>
  apiCommand('inspect', 'one flow, its state and its collections', ['rekall flow inspect F_0123456789abcdef'])
    .argument('<flow>', 'its id', flowId)
    .action((id: string, options: ApiOptions) =>
      withApi(options, async (api) => {
        const flow = await api.get(`/flows/${id}`, {}, Flow);
        showFlow(terminal, options, flow);
        if (options.json === true) return;
        const { items } = await listItems(api, '/collections', { flow_id: id }, Collection, 100);
        for (const c of items)
          terminal.out(
            `collection ${c.collection_id}: ${printable(c.name)}, ${c.rows} rows, ${bytes(c.stored_bytes)} (rekall view ${c.collection_id})`,
          );
      }),
    );
