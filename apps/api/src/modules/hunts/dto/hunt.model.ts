import { z } from 'zod';
import { ClientId, HuntId } from '#wire';
import { pageOf } from '../../../platform/http/paging.js';
import type { Hunt, HuntClient, HuntStats, RecruitmentPoint } from '../domain/hunt.js';
import type { HuntView } from '../hunts.service.js';

const time = z.iso.datetime();
const Count = z.number().int().nonnegative();
const Big = z.string().regex(/^\d+$/);

export const HuntStatsModel = z
  .object({
    started: Count,
    done: Count,
    error: Count,
    cancelled: Count,
    crashed: Count,
    rejected: Count,
    skipped: Count,
    expected: Count.describe('Registered clients of the target seen in 30 days'),
    progress: z.string().describe('Done n/m'),
    rows: Big,
    bytes: Big,
  })
  .meta({ id: 'HuntStats' });

export const HuntSummaryModel = z
  .object({
    hunt_id: HuntId,
    type: z.string(),
    description: z.string(),
    creator: z.string(),
    state: z.string().describe('Draft, Waiting, Running, Paused; terminal: Stopped, Completed, Refused'),
    terminal: z.boolean().describe('Ended for good: the state is never another one again'),
    labels: z.array(z.string()),
    publish_error: z
      .string()
      .nullable()
      .describe(
        'Why a job file of its labels could not be published, while that is so: clients have not seen the newest',
      ),
    spec_digest: z.string(),
    sample_below: z.string().nullable(),
    external_ref: z.string().nullable(),
    created_at: time,
    expires_at: time,
    ended_at: time.nullable(),
    status_url: z.string(),
  })
  .meta({ id: 'HuntSummary' });

export const HuntModel = HuntSummaryModel.extend({
  stats: HuntStatsModel,
  partial: z.boolean().describe('You see a part of the fleet: counts are of that part'),
}).meta({ id: 'Hunt' });

const HuntClientModel = z
  .object({
    client_id: ClientId,
    hostname: z.string(),
    state: z.string(),
    attempt: z.number().int(),
    started_at: time.nullable(),
    finished_at: time.nullable(),
    rows: Big,
    bytes: Big,
    error: z.string().nullable(),
    ticket_key: z.string(),
  })
  .meta({ id: 'HuntClient' });

export const HuntClientsModel = pageOf(HuntClientModel).extend({
  partial: z.boolean().describe('You see a part of the fleet: other clients are not here'),
});

export const RecruitmentModel = z
  .object({
    points: z.array(z.object({ at: time, seconds: z.number(), finished: Count })),
    partial: z.boolean(),
  })
  .meta({ id: 'Recruitment' });

const renderStats = (s: HuntStats): z.infer<typeof HuntStatsModel> => {
  const finals = s.done + s.error + s.cancelled + s.crashed + s.rejected + s.skipped;
  return {
    started: Number(s.started),
    done: Number(s.done),
    error: Number(s.error),
    cancelled: Number(s.cancelled),
    crashed: Number(s.crashed),
    rejected: Number(s.rejected),
    skipped: Number(s.skipped),
    expected: Number(s.expected),
    progress: `Done ${finals}/${s.expected > finals ? s.expected : finals}`,
    rows: String(s.rows),
    bytes: String(s.bytes),
  };
};

export const renderHuntSummary = (h: Hunt): z.infer<typeof HuntSummaryModel> => ({
  hunt_id: h.id,
  type: h.type,
  description: h.description,
  creator: h.creator,
  state: h.huntState,
  terminal: h.terminal,
  labels: h.labels,
  publish_error: h.publishError,
  spec_digest: h.specDigest,
  sample_below: h.sampleBelow,
  external_ref: h.externalRef,
  created_at: h.createdAt.toISOString(),
  expires_at: h.expiresAt.toISOString(),
  ended_at: h.endedAt?.toISOString() ?? null,
  status_url: `/api/v1/hunts/${h.id}`,
});

export const renderHunt = ({ hunt, stats, partial }: HuntView): z.infer<typeof HuntModel> => ({
  ...renderHuntSummary(hunt),
  stats: renderStats(stats),
  partial,
});

export const renderHuntClient = (c: HuntClient): z.infer<typeof HuntClientModel> => ({
  client_id: c.clientId,
  hostname: c.hostname,
  state: c.state,
  attempt: c.attempt,
  started_at: c.startedAt?.toISOString() ?? null,
  finished_at: c.finishedAt?.toISOString() ?? null,
  rows: String(c.rows),
  bytes: String(c.bytes),
  error: c.error,
  ticket_key: c.ticketKey,
});

export const renderRecruitment = (r: {
  points: RecruitmentPoint[];
  partial: boolean;
}): z.infer<typeof RecruitmentModel> => ({
  points: r.points.map((p) => ({ at: p.at.toISOString(), seconds: p.seconds, finished: Number(p.finished) })),
  partial: r.partial,
});
