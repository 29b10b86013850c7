import { join } from 'node:path';
import { type AgentProcess, startAgentProcess } from './agent-process.js';
import { eventually, WholeSystem } from './whole-system.js';

interface Page<T> {
  items: T[];
  next_cursor: string | null;
}
interface Client {
  client_id: string;
  quarantined: number;
  clock_offset_ms: number | null;
  clock_skewed: boolean;
  crashes: number;
  over_quota: number;
}
interface HuntClient {
  client_id: string;
  state: string;
}
interface Hunt {
  hunt_id: string;
  state: string;
  stats: { done: number };
}

/** So long a slow agent dawdles; limits of an honest one of the pool are rows and bytes only. */
const WALL_SECONDS = 5;

/** What an administrator sees of one client. */
export interface ClientRecord {
  /** How the hunt ended there; undefined: it never said anything that counts. */
  state: string | undefined;
  /** Tickets under its name that were put aside, as its record counts them, and the reasons. */
  quarantined: number;
  reasons: string[];
  /** Why its rows could not be read. */
  unreadable: string | undefined;
  clockOffsetMs: number | null;
  clockSkewed: boolean;
  crashes: number;
  overQuota: number;
}

/** Good and bad agents of one pool in front of a real worker and API. */
export class MisbehavingPool {
  private constructor(
    readonly system: WholeSystem,
    private readonly pool: AgentProcess,
    /** What is wrong with each bad one. */
    readonly bad: ReadonlyMap<string, string>,
    readonly honest: readonly string[],
  ) {}

  /** Starts so many agents, a share of them bad; ready when the server knows them all. */
  static async start(clients: number, badShare: number): Promise<MisbehavingPool> {
    const system = await WholeSystem.make();
    await system.startWorker();
    await system.startApi();
    const pool = startAgentProcess([
      ...['pool', '--clients', String(clients), '--poll', '2', '--misbehave', String(badShare)],
      ...['--config', join(system.dir, 'agent.json'), '--state', join(system.root, 'pool'), '--log-level', 'error'],
    ]);
    const { bad } = (await pool.ready) as unknown as { bad: Record<string, string> };
    const made = new MisbehavingPool(system, pool, new Map(Object.entries(bad)), []);
    const ids = await eventually(
      `${String(clients)} clients`,
      async () => {
        const found = await made.#all<{ client_id: string }>('/clients');
        return found.length === clients ? found.map((c) => c.client_id) : undefined;
      },
      240_000,
    );
    return new MisbehavingPool(
      system,
      pool,
      made.bad,
      ids.filter((id) => !made.bad.has(id)),
    );
  }

  /** The bad ones of a kind. */
  ofKind(kind: string): string[] {
    return [...this.bad].flatMap(([id, is]) => (is === kind ? [id] : []));
  }

  /** Hunts on all of them and waits until these have done it. */
  async hunt(until: readonly string[], withinMs: number): Promise<string> {
    const { body } = await this.system.call<Hunt>('POST', '/hunts', {
      type: 'ListProcesses',
      labels: ['All'],
      quota: { wall_seconds: WALL_SECONDS },
    });
    await eventually(
      `Done of ${String(until.length)} clients in ${body.hunt_id}`,
      async () => {
        const found = await this.#all<HuntClient>(`/hunts/${body.hunt_id}/clients?state=Done`);
        const done = new Set(found.map((c) => c.client_id));
        return until.every((id) => done.has(id)) ? true : undefined;
      },
      withinMs,
    );
    return body.hunt_id;
  }

  /** What REST shows of each client after a hunt. */
  async records(huntId: string): Promise<Map<string, ClientRecord>> {
    const states = new Map(
      (await this.#all<HuntClient>(`/hunts/${huntId}/clients`)).map((c) => [c.client_id, c.state]),
    );
    const entries = await this.#all<{ client_id: string | null; reason: string; flow_id: string | null }>(
      '/quarantine',
    );
    const unreadable = new Map<string, string>();
    let cursor: string | null = null;
    do {
      const at: string = cursor === null ? '' : `&cursor=${cursor}`;
      const { body } = await this.system.call<{
        failures: { client_id: string; message: string }[];
        next_cursor: string | null;
      }>('GET', `/hunts/${huntId}/rows?limit=1000${at}`);
      for (const failure of body.failures) unreadable.set(failure.client_id, failure.message);
      cursor = body.next_cursor;
    } while (cursor !== null);
    const clients = await this.#all<Client>('/clients');
    return new Map(
      clients.map(({ client_id: id, ...client }) => [
        id,
        {
          state: states.get(id),
          quarantined: client.quarantined,
          clockOffsetMs: client.clock_offset_ms,
          clockSkewed: client.clock_skewed,
          crashes: client.crashes,
          overQuota: client.over_quota,
          reasons: [...new Set(entries.filter((e) => e.client_id === id).map((e) => e.reason))],
          unreadable: unreadable.get(id),
        },
      ]),
    );
  }

  async #all<T>(path: string): Promise<T[]> {
    const items: T[] = [];
    let cursor: string | null = null;
    do {
      const at: string = cursor === null ? '' : `&cursor=${cursor}`;
      const page: Page<T> = (
        await this.system.call<Page<T>>('GET', `${path}${path.includes('?') ? '&' : '?'}limit=1000${at}`)
      ).body;
      items.push(...page.items);
      cursor = page.next_cursor;
    } while (cursor !== null);
    return items;
  }

  async close(): Promise<void> {
    await this.pool.kill9();
    await this.system.close();
  }
}

/** An honest one's record holds nothing against it but what forgers put under its name. */
export const isBlameless = (r: ClientRecord): boolean =>
  r.state === 'Done' && !r.clockSkewed && r.crashes === 0 && r.overQuota === 0 && r.unreadable === undefined;

/** What the record of each kind of bad client says after a hunt; worked out by hand. */
export const EXPECTED_RECORD: Readonly<Record<string, (record: ClientRecord) => boolean>> = {
  // It never comes to an end in its time. (What was put aside under its name may be a forger's.)
  slow: (r) => r.state === 'Error' && r.overQuota === 1,
  // The second of each ticket lies under a key that is not its own.
  duplicate: (r) => r.state === 'Done' && r.reasons.includes('path_mismatch'),
  'forged-name': (r) => r.state === undefined && r.reasons.includes('bad_signature'),
  'forged-hash': (r) => r.state !== 'Done' && r.reasons.includes('object_mismatch'),
  'unasked-key': (r) => r.state !== 'Done' && r.reasons.includes('foreign_key'),
  oversized: (r) => r.state === undefined && r.reasons.includes('malformed'),
  // What it stored is what it said; that it is no collection comes out when somebody reads it, and harms nobody.
  'gzip-bomb': (r) => r.state === 'Done' && r.unreadable !== undefined,
  crashing: (r) => r.state === 'Crashed' && r.crashes === 1,
  // The pool's skewed clocks are 45 minutes fast; a ticket may be a minute on its way.
  'clock-skewed': (r) => r.state === 'Done' && r.clockSkewed && Math.abs((r.clockOffsetMs ?? 0) - 45 * 60_000) < 60_000,
};
