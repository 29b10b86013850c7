import { type Action, actionCapability, type AgentConfig } from '#wire';
import { SUPPORTED_ACTIONS } from './actions/kinds.js';
import { sourceNames } from './sources/registry.js';

/** What this agent can do and may do by its configuration. */
export interface Abilities {
  actions: ReadonlySet<Action['__type__']>;
  sources: ReadonlySet<string>;
  /** Capabilities that this version has and the configuration does not allow. */
  denied: ReadonlySet<string>;
  /** The names that a flow's `requires` is compared with; told in the Startup ticket. */
  capabilities: ReadonlySet<string>;
}

/** What a flow names in `requires` for a source. */
export const sourceCapability = (name: string): string => `source.${name}.1`;

/** What a flow names in `requires` that writes to a local folder; offered where the configuration names one. */
const LOCAL_FILE = 'location.localfile.1';

export const abilitiesOf = ({ allow, local_folder }: Pick<AgentConfig, 'allow' | 'local_folder'>): Abilities => {
  const mayRun = (name: string): boolean => allow?.actions?.includes(name) ?? true;
  const mayRead = (name: string): boolean => allow?.sources?.includes(name) ?? true;
  const actions = new Set(SUPPORTED_ACTIONS.filter(mayRun));
  const sources = new Set(sourceNames().filter(mayRead));
  return {
    actions,
    sources,
    denied: new Set([
      ...(local_folder === undefined ? [LOCAL_FILE] : []),
      ...SUPPORTED_ACTIONS.filter((name) => !mayRun(name)).map(actionCapability),
      ...sourceNames()
        .filter((name) => !mayRead(name))
        .map(sourceCapability),
    ]),
    capabilities: new Set([
      'sample.1',
      'retry.1',
      'parts.1',
      ...(local_folder === undefined ? [] : [LOCAL_FILE]),
      ...[...actions].map(actionCapability),
      ...[...sources].map(sourceCapability),
    ]),
  };
};
