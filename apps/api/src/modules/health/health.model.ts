import { z } from 'zod';
import type { Status } from './health.service.js';

const Behind = z
  .object({
    archives: z.number().describe('Objects under ledger/ and quarantine/'),
    first_archive: z.string().nullable(),
    flows: z.number().describe('Flows and hunts with a record under flows/'),
    first_flow: z.string().nullable(),
  })
  .describe('What the bucket has that the database does not know');

const Note = z.object({
  objects: z.number(),
  bytes: z.number(),
  orphans: z.number(),
  orphan_bytes: z.number(),
  removed: z.number().describe('Orphans that were removed by it'),
  stopped_hunts: z.array(z.string()).describe('Hunts that it stopped: over REKALL_HUNT_BYTES'),
  flooded_hunts: z
    .array(z.string())
    .default([])
    .describe('Hunts under which more lies that no ticket names than REKALL_HUNT_BYTES; they go on'),
  behind: Behind.nullable().describe('null: the database knows what the ledger of the bucket holds'),
});

const Patrol = z.object({
  outcome: z.enum(['none', 'done', 'behind', 'failed']).describe('behind, failed: nothing is removed'),
  next: z.string().nullable().describe('What is to be done about it'),
  last: Note.extend({ at: z.iso.datetime() }).nullable().describe('The last one that came to its end'),
  failure: z
    .object({ at: z.iso.datetime(), error: z.string(), failures: z.number() })
    .nullable()
    .describe('The last one that failed, and how many have since the last that came to its end'),
});

export const StatusModel = z
  .object({
    clock_skew_ms: z.number(),
    queues: z.object({
      total: z.number(),
      oldest_published_at: z.iso.datetime().nullable(),
      wrong: z.array(
        z.object({
          id: z.string(),
          behind: z.boolean(),
          published_at: z.iso.datetime().nullable(),
          last_error: z.string().nullable(),
        }),
      ),
    }),
    unarchived_tickets: z.number(),
    registrations: z
      .object({
        limited: z.boolean().describe('New clients wait: REKALL_REGISTRATIONS_PER_HOUR is reached'),
        waiting: z.number().describe('New clients that were seen waiting'),
        per_hour: z.number(),
        at: z.iso.datetime(),
      })
      .nullable()
      .describe('null: the bound was never reached'),
    patrol: Patrol.describe('The worker’s look through all that agents have uploaded'),
  })
  .meta({ id: 'Status' });

/** Said by an operator’s page as by the worker’s log. */
const REBUILD =
  'Stop the worker, make an empty database, run `rekall rebuild --dir <deployment>` (or `admin.js migrate`, then `admin.js rebuild`).';
const LOOK = 'See the worker’s log; it tries again by itself.';

const renderPatrol = ({ last, failure }: Status['patrol']): z.infer<typeof Patrol> => {
  const note = last === undefined ? undefined : Note.parse(last.note);
  const behind = note !== undefined && note.behind !== null;
  return {
    outcome: failure !== undefined ? 'failed' : behind ? 'behind' : note === undefined ? 'none' : 'done',
    next: behind ? REBUILD : failure === undefined ? null : LOOK,
    last: last === undefined || note === undefined ? null : { ...note, at: last.at.toISOString() },
    failure: failure === undefined ? null : { ...failure, at: failure.at.toISOString() },
  };
};

export const renderStatus = (s: Status): z.infer<typeof StatusModel> => ({
  clock_skew_ms: s.clockSkewMs,
  queues: {
    total: s.queues.total,
    oldest_published_at: s.queues.oldest?.toISOString() ?? null,
    wrong: s.queues.wrong.map((q) => ({
      id: q.id,
      behind: q.behind,
      published_at: q.publishedAt?.toISOString() ?? null,
      last_error: q.lastError,
    })),
  },
  unarchived_tickets: s.unarchivedTickets,
  registrations:
    s.registrations === undefined
      ? null
      : {
          limited: s.registrations.limited,
          waiting: s.registrations.waiting,
          per_hour: s.registrations.perHour,
          at: s.registrations.at.toISOString(),
        },
  patrol: renderPatrol(s.patrol),
});
