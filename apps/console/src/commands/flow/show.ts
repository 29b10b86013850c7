import type { Flow } from '../../api/models.js';
import { bytes, instant } from '../../output/human.js';
import { type Format, printObject } from '../../output/print.js';
import type { Terminal } from '../../terminal.js';

/** One flow; while only the bucket knows its state, the ticket’s key is shown too. */
export const showFlow = (terminal: Terminal, format: Format, flow: Flow): void =>
  printObject(
    terminal,
    format,
    [
      ['flow', flow.flow_id],
      ['client', flow.client_id],
      ['type', flow.type],
      ['description', flow.description],
      ['creator', flow.creator],
      ['state', flow.shown_state],
      ['not published', flow.publish_error],
      ['ticket', flow.ticket_key],
      [
        'note',
        flow.unprocessed ? '(*): read from the ticket in the bucket; the worker has not taken it in yet' : undefined,
      ],
      ['error', flow.error],
      ['backtrace', flow.run?.backtrace],
      ['rows', flow.run?.rows],
      ['bytes', flow.run === null ? undefined : bytes(flow.run.bytes)],
      ['created', instant(flow.created_at)],
      [flow.ended_at === null ? 'expires' : 'ended', instant(flow.ended_at ?? flow.expires_at)],
    ],
    flow,
  );
