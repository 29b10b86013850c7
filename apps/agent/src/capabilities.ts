import { type Action, actionCapability, type AgentConfig } from '#wire';
import { supportedActions } from './actions/registry.js';
import { sourceNames } from './sources/registry.js';

/** What this agent can do and may do by its configuration. */
export interface Abilities {
  actions: ReadonlySet<Action['__type__']>;
  sources: ReadonlySet<string>;
  /** The names that a flow's `requires` is compared with; told in the Startup ticket. */
  capabilities: ReadonlySet<string>;
}

export const abilitiesOf = (allow: AgentConfig['allow']): Abilities => {
  const actions = new Set(supportedActions().filter((a) => allow?.actions?.includes(a) ?? true));
  const sources = new Set(sourceNames().filter((s) => allow?.sources?.includes(s) ?? true));
  return {
    actions,
    sources,
    capabilities: new Set([
      'sample.1',
      'retry.1',
      ...[...actions].map(actionCapability),
      ...[...sources].map((name) => `source.${name}.1`),
    ]),
  };
};
