import { openBucket } from './bucket-client.js';
import type { AgentSettings } from './config.js';
import type { Fault } from './fault.js';
import type { Logger } from './logger.js';
import { openAgent } from './open-agent.js';
import { processRunner } from './runner/process-runner.js';

export interface RunOptions {
  settings: AgentSettings;
  fault: Fault;
  logger: Logger;
  /** Added to the machine's clock (tests). */
  clockSkewMs: number;
  /** A file in which each flow notes that it began (tests). */
  startedFile: string | undefined;
  /** One poll, everything that it asks for, then the end. */
  once: boolean;
  signal: AbortSignal;
  /** The Manifest was verified and the Startup ticket is on its way. */
  onReady: (clientId: string) => void;
}

/** Runs one agent until the signal is aborted (at most ten seconds longer), or through one poll. */
export const runAgent = async (options: RunOptions): Promise<void> => {
  const { settings, fault, logger, once, signal } = options;
  const http = openBucket(settings);
  const { agent, clientId, close } = await openAgent({
    settings,
    http,
    runner: processRunner,
    fault,
    logger,
    durable: true,
    clockSkewMs: options.clockSkewMs,
    startedFile: options.startedFile,
  });
  signal.addEventListener('abort', () => agent.stop());
  try {
    if (!signal.aborted) {
      await agent.start();
      options.onReady(clientId);
      await (once ? agent.runOnce() : agent.run());
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    await http.close();
    await close();
  }
};
