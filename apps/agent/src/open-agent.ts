import type { HttpClient } from '#locations';
import { Agent } from './agent.js';
import { AgentClock } from './clock.js';
import type { AgentSettings } from './config.js';
import { enrol } from './enrol/enrol.js';
import { machineDigest } from './enrol/machine.js';
import type { Fault } from './fault.js';
import type { Logger } from './logger.js';
import type { Runner } from './runner/runner.js';
import { Spool } from './spool/spool.js';
import { openStateFolder, stateFiles } from './state/folder.js';

export interface OpenOptions {
  settings: AgentSettings;
  http: HttpClient;
  runner: Runner;
  fault: Fault;
  logger: Logger;
  /** False leaves out fsync (the pool simulator). */
  durable: boolean;
  pollSeconds?: number;
}

export interface OpenAgent {
  agent: Agent;
  clientId: string;
  /** Lets the state folder go. */
  close: () => Promise<void>;
}

/** Opens a state folder, enrols if it is new, and makes the agent that lives there. Throws StartError. */
export const openAgent = async (options: OpenOptions): Promise<OpenAgent> => {
  const { settings, http, runner, fault, durable, pollSeconds } = options;
  const close = await openStateFolder(settings.stateDir);
  const clock = new AgentClock();
  const { identity, state, stateLost, isCopy } = await enrol(settings.stateDir, {
    machineDigest: await machineDigest(),
    now: clock.local(),
    durable,
    logger: options.logger,
  });
  const logger = options.logger.child({ client_id: identity.clientId });
  const spool = await Spool.open(stateFiles(settings.stateDir).spool, {
    durable,
    now: () => clock.now(),
    logger,
  });
  if (isCopy) await spool.clear();
  const agent = new Agent({
    settings,
    identity,
    state,
    stateLost,
    spool,
    http,
    runner,
    clock,
    fault,
    logger,
    pollSeconds,
  });
  return { agent, clientId: identity.clientId, close };
};
