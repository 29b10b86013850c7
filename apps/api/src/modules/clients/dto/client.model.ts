import { z } from 'zod';
import { ClientId, Label } from '#wire';
import { PageQuery } from '../../../platform/http/paging.js';
import { withoutNulls } from '../../../platform/http/validation.js';
import type { Client, ClientDetail } from '../domain/client.js';

const time = z.iso.datetime();

export const ClientModel = z
  .object({
    client_id: ClientId,
    hostname: z.string(),
    fqdn: z.string(),
    system: z.string(),
    os_release: z.string(),
    architecture: z.string(),
    agent_version: z.string(),
    acceptance: z.string(),
    labels: z.array(z.string()).describe('Set by people: trusted'),
    claimed_labels: z.array(z.string()).describe('From the agent’s own configuration: never trusted'),
    registered_at: time,
    last_seen_at: time,
    quarantined: z.number().int().describe('Tickets under its name that were put aside'),
    clock_offset_ms: z
      .number()
      .int()
      .nullable()
      .describe('How far the times in its tickets are ahead of the store’s; negative: behind, or long on their way'),
    clock_skewed: z.boolean().describe('Its clock is more than 10 minutes wrong'),
    crashes: z.number().int().describe('Flows that ended as Crashed'),
    over_quota: z.number().int().describe('Flows that one of their quotas stopped'),
    overdue: z.number().int().describe('Flows that it began and had not ended when they expired'),
  })
  .meta({ id: 'Client' });

export const ClientDetailModel = ClientModel.extend({
  identity: z.string(),
  first_seen_at: time,
  agent_start_at: time.nullable(),
  boot_at: time.nullable(),
  capabilities: z.array(z.string()),
  cloned_from: z.string().nullable(),
  facts: z.unknown(),
  clock_at: time.nullable().describe('When clock_offset_ms was seen'),
  crashed_at: time.nullable().describe('The last crash'),
  over_quota_at: time.nullable().describe('The last flow that a quota stopped'),
  overdue_at: time.nullable().describe('The last flow that had not ended'),
}).meta({ id: 'ClientDetail' });

const filter = {
  hostname: z.string().max(255).optional().describe('Start of the host name'),
  label: Label.optional(),
  claim: Label.optional().describe('A label that the agent claims'),
};

export const ClientsQuery = PageQuery.extend(filter);
export type ClientsQuery = z.infer<typeof ClientsQuery>;

/** The filter alone, of arguments in which null is the same as nothing. */
export const ClientFilterInput = z.preprocess(withoutNulls, z.object(filter));

export const renderClient = (c: Client): z.infer<typeof ClientModel> => ({
  client_id: c.id,
  hostname: c.hostname,
  fqdn: c.fqdn,
  system: c.system,
  os_release: c.osRelease,
  architecture: c.architecture,
  agent_version: c.agentVersion,
  acceptance: c.acceptance,
  labels: c.labels,
  claimed_labels: c.claims,
  registered_at: c.registeredAt.toISOString(),
  last_seen_at: c.lastSeenAt.toISOString(),
  quarantined: c.quarantined,
  clock_offset_ms: c.clockOffsetMs,
  clock_skewed: c.clockSkewed,
  crashes: c.crashes,
  over_quota: c.overQuota,
  overdue: c.overdue,
});

export const renderClientDetail = (c: ClientDetail): z.infer<typeof ClientDetailModel> => ({
  ...renderClient(c),
  identity: c.identity,
  first_seen_at: c.firstSeenAt.toISOString(),
  agent_start_at: c.agentStartAt?.toISOString() ?? null,
  boot_at: c.bootAt?.toISOString() ?? null,
  capabilities: c.capabilities,
  cloned_from: c.clonedFrom,
  facts: c.facts,
  clock_at: c.clockAt?.toISOString() ?? null,
  crashed_at: c.crashedAt?.toISOString() ?? null,
  over_quota_at: c.overQuotaAt?.toISOString() ?? null,
  overdue_at: c.overdueAt?.toISOString() ?? null,
});
