import { join } from 'node:path';
import { openBucket } from '../bucket-client.js';
import type { AgentSettings } from '../config.js';
import type { Logger } from '../logger.js';
import { type OpenAgent, openAgent } from '../open-agent.js';
import { inlineRunner } from '../runner/inline-runner.js';
import { MISBEHAVIOURS, type Misbehaviour, misbehaving, SKEW_MS } from './misbehaviour.js';
import { misbehavingRunner } from './misbehaving-runner.js';

export interface PoolOptions {
  settings: AgentSettings;
  clients: number;
  pollSeconds: number;
  /** Which share of the agents is bad, each in one way; 0 to 1. */
  misbehave: number;
  logger: Logger;
  signal: AbortSignal;
  /** Called once all agents have verified the Manifest. */
  onReady: (clientIds: string[], bad: ReadonlyMap<string, Misbehaviour>) => void;
}

/** So many agents are opened and started at once. */
const AT_ONCE = 50;

/**
 * Many agents in one process, each with its own key, queue, state and spool, all speaking the real protocol. Flows run
 * in this process (inline runner) and state is written without fsync: it measures the protocol, not this machine.
 */
export const runPool = async (options: PoolOptions): Promise<void> => {
  const { settings, clients, pollSeconds, logger, signal } = options;
  const http = openBucket(settings);
  const agents: OpenAgent[] = [];
  const isStopped = (): boolean => signal.aborted;
  signal.addEventListener('abort', () => {
    for (const { agent } of agents) agent.stop();
  });
  const bad = new Map<string, Misbehaviour>();
  /** Bad agents stand evenly among the others, and take the ways in turn. */
  const kindOf = (index: number): Misbehaviour | undefined => {
    const before = Math.floor(index * options.misbehave);
    return Math.floor((index + 1) * options.misbehave) > before
      ? MISBEHAVIOURS[before % MISBEHAVIOURS.length]
      : undefined;
  };
  const anotherThan = (clientId: string): string =>
    agents.find((other) => other.clientId !== clientId)?.clientId ?? clientId;
  const openOne = async (index: number): Promise<void> => {
    const kind = kindOf(index);
    const opened = await openAgent({
      settings: { ...settings, stateDir: join(settings.stateDir, String(index).padStart(5, '0')) },
      http,
      runner: misbehavingRunner(kind, inlineRunner),
      fault: () => undefined,
      logger,
      durable: false,
      pollSeconds,
      ...(kind === 'clock-skewed' ? { clockSkewMs: SKEW_MS } : {}),
      ...(kind === undefined
        ? {}
        : {
            wrapHttp: (client, identity) => misbehaving(kind, identity, client, () => anotherThan(identity.clientId)),
          }),
    });
    if (kind !== undefined) bad.set(opened.clientId, kind);
    agents.push(opened);
    if (isStopped()) return;
    try {
      await opened.agent.start();
    } catch (error) {
      if (!isStopped()) throw error; // stopped while it waited for the Manifest
    }
  };
  for (let from = 0; from < clients && !isStopped(); from += AT_ONCE)
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, clients - from) }, (_, i) => openOne(from + i)));
  if (!isStopped())
    options.onReady(
      agents.map(({ clientId }) => clientId),
      bad,
    );
  await Promise.all(agents.map(({ agent }) => agent.run()));
  await Promise.all(agents.map(({ close }) => close()));
  await http.close();
};
