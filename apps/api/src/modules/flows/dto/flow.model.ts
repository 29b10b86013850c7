import { z } from 'zod';
import { ClientId, FlowOnlyId } from '#wire';
import type { Run } from '../domain/flow.js';
import type { FlowView } from '../flows.service.js';

const time = z.iso.datetime();

/** Counts that can exceed 2^53 are strings. */
const Big = z.string().regex(/^\d+$/);

export const RunModel = z
  .object({
    attempt: z.number().int(),
    started_at: time.nullable(),
    finished_at: time.nullable(),
    updated_at: time,
    rows: Big,
    bytes: Big,
    progress: z.unknown(),
    resources: z.unknown(),
    logs: z.unknown(),
    backtrace: z.string().nullable(),
  })
  .meta({ id: 'Run' });

export const FlowModel = z
  .object({
    flow_id: FlowOnlyId,
    client_id: ClientId,
    type: z.string(),
    description: z.string(),
    creator: z.string(),
    state: z.string().describe('Pending, Started, Expired, Done, Error, Cancelled, Crashed, Rejected, Skipped'),
    terminal: z
      .boolean()
      .describe('No more is to be expected: the last word of the client was taken in, or the time of the flow is over'),
    shown_state: z.string().describe('The state with (*) while only the bucket has it'),
    unprocessed: z.boolean().describe('The newest ticket is in the bucket and not yet taken in'),
    ticket_key: z.string().nullable(),
    error: z.string().nullable(),
    publish_error: z
      .string()
      .nullable()
      .describe('Why the job file could not be published, while that is so: the client has not seen the newest'),
    spec_digest: z.string(),
    external_ref: z.string().nullable(),
    created_at: time,
    expires_at: time,
    ended_at: time.nullable(),
    run: RunModel.nullable(),
    status_url: z.string(),
  })
  .meta({ id: 'Flow' });

export const renderRun = (run: Run): z.infer<typeof RunModel> => ({
  attempt: run.attempt,
  started_at: run.startedAt?.toISOString() ?? null,
  finished_at: run.finishedAt?.toISOString() ?? null,
  updated_at: run.updatedAt.toISOString(),
  rows: String(run.rows),
  bytes: String(run.bytes),
  progress: run.progress,
  resources: run.resources,
  logs: run.logs,
  backtrace: run.backtrace,
});

export const renderFlow = ({
  flow,
  run,
  state,
  unprocessed,
  ticketKey,
  error,
  terminal,
}: FlowView): z.infer<typeof FlowModel> => ({
  flow_id: flow.id,
  client_id: flow.clientId,
  type: flow.type,
  description: flow.description,
  creator: flow.creator,
  state,
  terminal,
  shown_state: unprocessed ? `${state} (*)` : state,
  unprocessed,
  ticket_key: ticketKey,
  error,
  publish_error: flow.publishError,
  spec_digest: flow.specDigest,
  external_ref: flow.externalRef,
  created_at: flow.createdAt.toISOString(),
  expires_at: flow.expiresAt.toISOString(),
  ended_at: flow.endedAt?.toISOString() ?? null,
  run: run === undefined ? null : renderRun(run),
  status_url: `/api/v1/flows/${flow.id}`,
});
