import type { StartupTicket } from '#wire';
import { cleanJson, cleanText } from './clean-text.js';

/** What a Startup ticket says of a client, as it goes into its row. Descriptive only: it grants nothing. */
export interface ClientFacts {
  queue: string;
  hostname: string;
  fqdn: string;
  system: string;
  osRelease: string;
  architecture: string;
  agentVersion: string;
  agentStartAt: string | null;
  bootAt: string | null;
  facts: unknown;
  claims: string[];
  capabilities: string[];
  clonedFrom: string | null;
}

/** An agent may claim any year; Postgres and people need a sensible one. */
const sensible = (time: string | undefined): string | null =>
  time !== undefined && time >= '1970' && time < '2200' ? time : null;

export const factsOf = (ticket: StartupTicket): ClientFacts => {
  const info = ticket.system_info;
  const os = [info?.os_name, info?.os_version].filter((part) => part !== undefined && part !== '').join(' ');
  return {
    queue: ticket.queue,
    hostname: cleanText(info?.node ?? ''),
    fqdn: cleanText(info?.fqdn ?? ''),
    system: cleanText(info?.system ?? ''),
    osRelease: cleanText(os === '' ? (info?.release ?? '') : os),
    architecture: cleanText(info?.architecture ?? ''),
    agentVersion: cleanText(ticket.agent_version),
    agentStartAt: sensible(ticket.agent_start_time),
    bootAt: sensible(ticket.boot_time),
    facts: cleanJson(ticket),
    claims: ticket.labels,
    capabilities: ticket.capabilities.map(cleanText),
    clonedFrom: ticket.cloned_from ?? null,
  };
};
