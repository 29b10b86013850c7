import type { Command } from 'commander';
import { Client, ClientDetail } from '../../api/models.js';
import { instant } from '../../output/human.js';
import { printObject } from '../../output/print.js';
import type { Terminal } from '../../terminal.js';
import { apiCommand, type ApiOptions, withApi } from '../api-command.js';
import { clientId } from '../ids.js';

/** What is wrong with its clock, in minutes. */
const clock = ({ clock_skewed, clock_offset_ms }: Client): string | undefined => {
  if (!clock_skewed || clock_offset_ms === null) return undefined;
  const minutes = String(Math.round(Math.abs(clock_offset_ms) / 60_000));
  return clock_offset_ms > 0
    ? `${minutes} minutes fast`
    : `${minutes} minutes slow, or its tickets were so long on their way`;
};

const flows = (count: number, last: string | null): string | undefined =>
  count === 0 || last === null ? undefined : `${String(count)} flows, the last one ${instant(last)}`;

/** `rekall client inspect`. */
export const clientInspectCommand = (terminal: Terminal): Command =>
  apiCommand('inspect', 'one client', [
    'rekall client inspect C.0123456789abcdef',
    'rekall client inspect C.0123456789abcdef --json | jq .facts',
  ])
    .argument('<client>', 'its id', clientId)
    .action((id: string, options: ApiOptions) =>
      withApi(options, async (api) => {
        const client = await api.get(`/clients/${id}`, {}, ClientDetail);
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
            ['clock', clock(client)],
            ['crashes', flows(client.crashes, client.crashed_at)],
            ['over quota', flows(client.over_quota, client.over_quota_at)],
            ['overdue', flows(client.overdue, client.overdue_at)],
          ],
          client,
        );
      }),
    );
