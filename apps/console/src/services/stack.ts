import { join } from 'node:path';
import { makeFolder } from '#files';
import { isPortFree, startAgent, startApi, startWorker } from '#embedded';
import { CommandError } from '../errors.js';
import { type BackingOptions, type Databases, startDatabase, startStore } from './backing.js';
import { adminEnvironment, httpEnvironment, workerEnvironment } from './environment.js';
import { migrate, type NewToken, provisionIfNew } from './provision.js';

/** What to start; every child is in `parts`, also when the start fails halfway. */
export interface StackOptions extends BackingOptions {
  /** Of the API; 0 takes a free one. */
  port: number;
  worker: boolean;
  agents: number;
  tokenDays: number;
  /** Aborted: nothing more is started. */
  signal: AbortSignal;
}

/** An agent of this machine. */
export interface LocalAgent {
  number: number;
  pid: number;
  clientId: string;
}

export interface Stack {
  /** Base URL of the API, without `/api/v1`. */
  api: string;
  databases: Databases;
  agents: LocalAgent[];
  /** When the first administrator was made now. */
  newToken?: NewToken | undefined;
}

/** Refuses a port that is taken before anything is started. */
export const requirePort = async (port: number): Promise<void> => {
  if (port !== 0 && !(await isPortFree(port)))
    throw new CommandError(
      `port ${String(port)} on 127.0.0.1 is in use; choose another one: --port ${String(port + 1)}`,
    );
};

/** Starts everything, in order: database and store, schema and first administrator, worker and API, agents. */
export const startStack = async (options: StackOptions): Promise<Stack> => {
  const { layout, parts, say, signal } = options;
  await requirePort(options.port);
  makeFolder(layout.logs);

  const databases = await startDatabase(options);
  signal.throwIfAborted();
  await startStore(options);
  signal.throwIfAborted();

  say('bringing the database schema up to date');
  const adminEnv = await adminEnvironment(layout, databases);
  await migrate(adminEnv);
  const newToken = await provisionIfNew(layout, adminEnv, options.tokenDays);
  signal.throwIfAborted();

  say(options.worker ? 'starting the API and the worker' : 'starting the API');
  const [api] = await allStarted([
    startApi({
      env: await httpEnvironment(layout, databases, options.port),
      logFile: join(layout.logs, 'api.log'),
    }).then((part) => parts.add(part)),
    options.worker
      ? startWorker({
          env: await workerEnvironment(layout, databases),
          logFile: join(layout.logs, 'worker.log'),
        }).then((part) => parts.add(part))
      : undefined,
  ]);
  signal.throwIfAborted();
  const agents = options.agents === 0 ? [] : await startAgents(options);
  return { api: api.ready, databases, agents, newToken };
};

const startAgents = async ({ agents, layout, parts, say }: StackOptions): Promise<LocalAgent[]> => {
  say(`starting ${String(agents)} ${agents === 1 ? 'agent' : 'agents'}, each with its own key and state`);
  const numbers = Array.from({ length: agents }, (_, index) => index + 1);
  return allStarted(
    numbers.map(async (number) => {
      const state = join(layout.agents, String(number));
      makeFolder(state);
      const part = parts.add(
        await startAgent({
          name: `agent ${String(number)}`,
          configFile: layout.agentConfig,
          args: ['--state', state],
          logFile: join(layout.logs, `agent-${String(number)}.log`),
          readyWithinMs: 60_000,
        }),
      );
      return { number, pid: part.pid, clientId: clientIdOf(part.output()) };
    }),
  );
};

/** As Promise.all, but a failure is reported only when all are settled: whatever has started is then in `parts`. */
const allStarted = async <T extends readonly unknown[]>(
  starting: T,
): Promise<{ -readonly [I in keyof T]: Awaited<T[I]> }> => {
  await Promise.allSettled(starting);
  return Promise.all(starting);
};

/** The client id in the line with which an agent said that it is ready. */
const clientIdOf = (output: string): string => {
  const id = /"client_id":"(C\.[0-9a-f]{16})"/.exec(output)?.[1];
  if (id === undefined) throw new Error(`an agent did not say its client id: ${output}`);
  return id;
};
