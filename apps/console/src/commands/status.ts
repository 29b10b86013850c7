import type { Command } from 'commander';
import { SystemStatus } from '../api/models.js';
import { bytes, instant } from '../output/human.js';
import { printObject } from '../output/print.js';
import type { Terminal } from '../terminal.js';
import { apiCommand, type ApiOptions, withApi } from './api-command.js';

const patrolLines = ({ patrol }: SystemStatus): [string, string | null][] => {
  const { last, failure, outcome, next } = patrol;
  const behind = last?.behind ?? null;
  return [
    ['patrol', outcome],
    [
      'last patrol',
      last === null ? null : `${instant(last.at)}, ${String(last.objects)} objects, ${bytes(last.bytes)}`,
    ],
    [
      'orphans',
      last === null ? null : `${String(last.orphans)}, ${bytes(last.orphan_bytes)}; ${String(last.removed)} removed`,
    ],
    ['hunts stopped', last?.stopped_hunts.join(', ') ?? null],
    ['hunts flooded', last?.flooded_hunts.join(', ') ?? null],
    [
      'unknown to the database',
      behind === null
        ? null
        : `${String(behind.archives)} archive objects, ${String(behind.flows)} flows of the bucket`,
    ],
    [
      'patrol failed',
      failure === null ? null : `${instant(failure.at)}, ${String(failure.failures)} times: ${failure.error}`,
    ],
    ['next', next],
  ];
};

/** `rekall status`. */
export const statusCommand = (terminal: Terminal): Command =>
  apiCommand('status', 'how the worker is doing: job files, tickets, its look through the bucket', [
    'rekall status',
    'rekall status --json',
  ]).action((options: ApiOptions) =>
    withApi(options, async (api) => {
      const status = await api.get('/health/status', {}, SystemStatus);
      printObject(
        terminal,
        options,
        [
          ['clock skew', `${String(status.clock_skew_ms)} ms against the store`],
          ['job files', status.queues.total],
          ['not up to date', status.queues.wrong.map(({ id, last_error }) => last_error ?? id).join('; ')],
          ['tickets to archive', status.unarchived_tickets],
          ['new clients waiting', status.registrations?.limited === true ? status.registrations.waiting : null],
          ...patrolLines(status),
        ],
        status,
      );
    }),
  );
