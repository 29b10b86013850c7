import type { AgentConfig, Manifest, StartupTicket } from '#wire';
import type { Abilities } from './capabilities.js';
import { messageOf } from './errors.js';
import { MODES } from './modes.js';
import { bootInstant, systemInfo } from './sources/system-info.js';

type StartupFacts = Pick<StartupTicket, 'agent_start_time' | 'modes' | 'capabilities' | 'labels' | 'errors'> &
  Partial<Pick<StartupTicket, 'boot_time' | 'system_info'>>;

/**
 * Runs the Manifest's startup actions and gives what the Startup ticket says. An action that fails or has no place for
 * its results is reported in the ticket; it never keeps the agent from starting.
 */
export const startupFacts = (
  manifest: Manifest,
  config: AgentConfig,
  abilities: Abilities,
  startedAt: string,
): StartupFacts => {
  const facts: StartupFacts = {
    agent_start_time: startedAt,
    boot_time: bootInstant(),
    modes: [...MODES],
    capabilities: [...abilities.capabilities],
    labels: config.labels,
    errors: [],
  };
  for (const action of manifest.startup_actions) {
    if (action.__type__ !== 'Interrogate' || !abilities.actions.has(action.__type__)) {
      facts.errors.push(`startup action ${action.__type__} was not run: this agent runs Interrogate only at its start`);
      continue;
    }
    try {
      facts.system_info = systemInfo();
    } catch (error) {
      facts.errors.push(`Interrogate: ${messageOf(error)}`);
    }
  }
  return facts;
};
