import { SYSTEM_SOURCES as DECLARED } from '#sources';
import { logins, users } from './accounts.js';
import { agentInfo } from './agent-info.js';
import { crontab, packages, services } from './installed.js';
import { arp, interfaces, routes } from './network.js';
import { modules, mounts } from './process-files.js';
import { runProgram } from './programs.js';
import { implemented, type Source, SourceError, textOrEmpty, textsOf } from './source.js';
import { yara } from './yara.js';

/** A source of another platform: documented here, refused where it is not. */
const elsewhere = (): never => {
  throw new SourceError('this version reads no Windows registry');
};

interface OsqueryRow extends Record<string, unknown> {
  row: string;
}

function* osquery(query: unknown): Generator<OsqueryRow> {
  const text = runProgram('osquery', 'osqueryi', ['--json', textOrEmpty(query)]);
  const rows: unknown = JSON.parse(text);
  if (!Array.isArray(rows)) throw new SourceError('osqueryi printed something else than rows');
  for (const row of rows as Record<string, unknown>[]) yield { row: JSON.stringify(row), ...row };
}

/** Sources about the machine as a whole. */
export const SYSTEM_SOURCES: readonly Source[] = implemented(DECLARED, {
  agent_info: (_args, { agent }) => agentInfo(agent),
  users,
  logins,
  mounts,
  interfaces,
  arp,
  routes,
  packages,
  services,
  crontab,
  modules,
  registry: elsewhere,
  yara: ({ rules, paths }, { work_dir }) => yara(textOrEmpty(rules), textsOf(paths), work_dir),
  osquery: ({ query }) => osquery(query),
});
