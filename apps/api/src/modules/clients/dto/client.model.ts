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
});
