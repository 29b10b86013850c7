import type { FlowJob } from '../runner/flow-job.js';
import { bootInstant, systemInfo } from './system-info.js';

/** One fact of this agent or machine. */
export type AgentInfoRow = Record<'key' | 'value', string>;

/** What this agent and its machine are, as key and value: what conditions of hunts are made of. */
export const agentInfo = (agent: FlowJob['agent']): AgentInfoRow[] => {
  const { interfaces: _interfaces, users: _users, ...facts } = systemInfo();
  const all: Record<string, unknown> = {
    client_id: agent.client_id,
    agent_version: agent.agent_version,
    labels: agent.labels.join(','),
    agent_start_time: agent.started_at,
    boot_time: bootInstant(),
    kernel: facts.release,
    ...facts,
  };
  return Object.entries(all).flatMap(([key, value]) => (typeof value === 'string' ? [{ key, value }] : []));
};
