import type { BucketClient } from './bucket-client.js';
import { Agent } from './agent.js';
import { AgentClock } from './clock.js';
import type { AgentSettings } from './config.js';
import { enrol } from './enrol/enrol.js';
import type { Identity } from './enrol/identity.js';
import { machineDigest } from './enrol/machine.js';
import type { Fault } from './fault.js';
import type { Logger } from './logger.js';
import type { Runner } from './runner/runner.js';
import { Spool } from './spool/spool.js';
import { openStateFolder, stateFiles } from './state/folder.js';

export interface OpenOptions {
  settings: AgentSettings;
  http: BucketClient;
  runner: Runner;
  fault: Fault;
  logger: Logger;
  /** False leaves out fsync (the pool simulator). */
  durable: boolean;
  pollSeconds?: number;
  /** Added to the machine's clock (tests, the pool). */
  clockSkewMs?: number;
  /** A file in which each flow notes that it began (tests). */
  startedFile?: string | undefined;
  /** Comes between the agent and the bucket (the pool's bad agents). */
  wrapHttp?: (http: BucketClient, identity: Identity) => BucketClient;
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
  const { clockSkewMs = 0 } = options;
  const clock = new AgentClock(() => Date.now() + clockSkewMs);
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
    http: options.wrapHttp?.(http, identity) ?? http,
    runner,
    clock,
    fault,
    logger,
    pollSeconds,
    startedFile: options.startedFile,
  });
  return { agent, clientId: identity.clientId, close };
};
