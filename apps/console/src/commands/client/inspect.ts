import type { Command } from 'commander';
import { Client } from '../../api/models.js';
import { instant } from '../../output/human.js';
import { printObject } from '../../output/print.js';
import type { Terminal } from '../../terminal.js';
import { apiCommand, type ApiOptions, withApi } from '../api-command.js';
import { clientId } from '../ids.js';

/** `rekall client inspect`. */
export const clientInspectCommand = (terminal: Terminal): Command =>
  apiCommand('inspect', 'one client', [
    'rekall client inspect C.0123456789abcdef',
    'rekall client inspect C.0123456789abcdef --json | jq .facts',
  ])
    .argument('<client>', 'its id', clientId)
    .action((id: string, options: ApiOptions) =>
      withApi(options, async (api) => {
        const client = await api.get(`/clients/${id}`, {}, Client);
        printObject(
          terminal,
          options,
          [
            ['client', client.client_id],
            ['hostname', client.hostname],
            ['system', `${client.system} ${client.os_release} ${client.architecture}`],
            ['agent', client.agent_version],
            ['acceptance', client.acceptance],
            ['labels', client.labels.join(', ')],
            ['claims', client.claimed_labels.join(', ')],
            ['registered', instant(client.registered_at)],
            ['last seen', instant(client.last_seen_at)],
            ['quarantined', client.quarantined === 0 ? undefined : `${String(client.quarantined)} tickets`],
          ],
          client,
        );
      }),
    );
