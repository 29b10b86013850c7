import type { BucketClient } from './bucket-client.js';
import type { AgentConfig, LocalFile, S3SignedPolicy } from '#wire';
import { LocalFolder, localFileProblem } from '#locations/agent';
import { type Abilities, abilitiesOf } from './capabilities.js';
import type { AgentClock } from './clock.js';
import type { AgentSettings } from './config.js';
import type { Identity } from './enrol/identity.js';
import { messageOf } from './errors.js';
import type { Fault } from './fault.js';
import type { AgentView } from './jobs/decide.js';
import { ManifestFile, type Obeyed } from './jobs/manifest-file.js';
import { Queues } from './jobs/queues.js';
import type { Logger } from './logger.js';
import { Pace } from './pace.js';
import type { Runner } from './runner/runner.js';
import { Schedule } from './schedule.js';
import { replaceUndeliverable } from './spool/undeliverable.js';
import { DayBudget } from './spool/day-budget.js';
import type { Spool } from './spool/spool.js';
import type { SpoolItem } from './spool/spool-item.js';
import { Uploader } from './spool/uploader.js';
import { startupFacts } from './startup.js';
import { emptyFolder, stateFiles } from './state/folder.js';
import type { StateStore } from './state/state-store.js';
import { Tickets } from './tickets.js';
import { AGENT_VERSION } from './version.js';

const MANIFEST_EVERY_MS = 10 * 60_000;
/** Bits per second; tickets are exempt. */
const DEFAULT_UPLOAD_RATE = 10_000_000;
/** After SIGTERM: so long flows may end by themselves, then so long their tickets may still leave. */
const DRAIN_FLOWS_MS = 7_000;
const DRAIN_UPLOADS_MS = 2_000;

export interface AgentDeps {
  settings: AgentSettings;
  identity: Identity;
  state: StateStore;
  /** This start found that the state was lost. */
  stateLost: boolean;
  spool: Spool;
  http: BucketClient;
  runner: Runner;
  clock: AgentClock;
  fault: Fault;
  logger: Logger;
  /** Seconds between polls, instead of what Manifest and configuration say (the pool). */
  pollSeconds?: number | undefined;
  /** A file in which each flow notes that it began (tests). */
  startedFile?: string | undefined;
}

/** Resolves after `ms`, or earlier when the promise does. */
const within = async (ms: number, promise: Promise<unknown>): Promise<void> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise((resolve) => (timer = setTimeout(resolve, ms)));
  await Promise.race([promise, late]);
  clearTimeout(timer);
};

/** One agent: reads its queues, runs what they ask for, uploads what came of it. Talks to the bucket only. */
export class Agent {
  readonly #config: AgentConfig;
  readonly #abilities: Abilities;
  readonly #manifest: ManifestFile;
  readonly #queues: Queues;
  readonly #tickets: Tickets;
  readonly #uploader: Uploader;
  readonly #schedule: Schedule;
  readonly #pace: Pace;
  readonly #startedAt: string;
  readonly #stop = new AbortController();
  #manifestReadAt = -Infinity;
  #saidExpired = false;
  /** Reads queries, for which EFILTER is loaded: only where the configuration denies something. */
  #sourcesIn: AgentView['sourcesIn'] = () => [];

  constructor(private readonly deps: AgentDeps) {
    const { settings, identity, state, spool, http, clock, logger } = deps;
    this.#config = settings.config;
    this.#startedAt = clock.local().toISOString();
    this.#abilities = abilitiesOf(settings.config);
    const onDate = (date: Date): void => {
      // Only a TLS peer's word counts: anybody on the way could set the time otherwise.
      if (settings.bucketUrl.startsWith('https:')) clock.observe(date);
    };
    const place = {
      http,
      bucketUrl: settings.bucketUrl,
      secret: settings.config.public_secret,
      onDate,
      logger,
    };
    this.#manifest = new ManifestFile({ ...place, ca: settings.ca, state, clock });
    this.#queues = new Queues(identity.queue, {
      ...place,
      state,
      clock,
      knownDigest: (flowId, attempt) => state.attempt(flowId, attempt)?.digest,
    });
    this.#tickets = new Tickets({ identity, state, clock, spool });
    this.#pace = new Pace(() => this.#pollRange());
    this.#uploader = new Uploader({
      spool,
      http,
      local: settings.localFolder === undefined ? undefined : new LocalFolder(settings.localFolder),
      now: () => clock.now(),
      grantFor: (item) => this.#grantFor(item),
      onForbidden: () => this.#readEverythingSoon(),
      budget: new DayBudget({
        now: () => clock.now(),
        limit: () => this.#bytesPerDay(),
        usedOn: (day) => state.uploadedOn(day),
        add: (day, bytes) => state.addUploaded(day, bytes),
        onFull: (limit) => logger.warn({ limit }, 'no more results today: the bytes of a day are used up'),
      }),
      onDelivered: (item) => {
        logger.debug({ key: item.key }, 'delivered');
        if (item.part !== undefined) deps.fault('part-uploaded');
        if (item.final !== undefined) deps.fault('ticket-uploaded');
      },
      onUndeliverable: async (item, reason) => {
        await replaceUndeliverable(item, reason, { state, spool, tickets: this.#tickets, logger });
        if (item.part !== undefined && item.flow !== undefined)
          this.#schedule.fail(item.flow.flow_id, item.flow.attempt, `a part was refused by the store: ${reason}`);
      },
      // Two results at a time share what is allowed.
      bitsPerSecond: () => (this.#manifest.obeyed?.manifest.limits.upload_rate ?? DEFAULT_UPLOAD_RATE) / 2,
      logger,
    });
    this.#schedule = new Schedule(
      {
        clientId: identity.clientId,
        state,
        spool,
        tickets: this.#tickets,
        runner: deps.runner,
        clock,
        fault: deps.fault,
        logger,
        workDir: stateFiles(settings.stateDir).work,
        jobFacts: () => this.#jobFacts(),
        spooled: () => this.#uploader.kick(),
      },
      () => this.#queues.entries(),
      () => this.#view(),
      () => this.#pace.active(),
    );
  }

  /** Reads the Manifest (tries for ever), reports what the last run left, and puts the Startup ticket into the spool. */
  async start(): Promise<void> {
    const { clock, state } = this.deps;
    if (this.#abilities.denied.size > 0) this.#sourcesIn = (await import('./jobs/spec-sources.js')).sourcesIn;
    const { newestIssuedAt } = state.marks;
    if (newestIssuedAt !== undefined) clock.notBefore(newestIssuedAt);
    const { manifest } = await this.#firstManifest();
    this.#limitSpool();
    if (this.deps.stateLost) await state.raiseLostAt(manifest.issued_at);
    await this.#schedule.concludeUnfinished();
    await emptyFolder(stateFiles(this.deps.settings.stateDir).work);
    const facts = startupFacts(manifest, this.#config, this.#abilities, this.#startedAt);
    for (const reason of facts.errors) this.deps.logger.warn({ reason }, 'said in the Startup ticket');
    await this.#tickets.startup(facts);
    this.#uploader.start();
  }

  /** Polls until `stop` is called, then lets what runs end, for at most ten seconds. */
  async run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const retryAfterMs = await this.#poll();
      await this.#pace.wait(retryAfterMs, this.#stop.signal);
    }
    await this.#drain();
  }

  /** Polls once, runs what is asked for, delivers everything; `stop` ends the waiting. */
  async runOnce(): Promise<void> {
    await this.#poll();
    const stopped = new Promise((resolve) => this.#stop.signal.addEventListener('abort', resolve, { once: true }));
    await Promise.race([this.#schedule.whenIdle().then(() => this.#uploader.whenEmpty()), stopped]);
    await this.#drain();
  }

  stop(): void {
    this.#stop.abort();
  }

  async #firstManifest(): Promise<Obeyed> {
    for (;;) {
      const { retryAfterMs } = await this.#manifest.refresh(this.#stop.signal);
      this.#manifestReadAt = performance.now();
      const { obeyed } = this.#manifest;
      if (obeyed !== undefined) return obeyed;
      await this.#pace.waitBeforeManifest(retryAfterMs, this.#stop.signal);
      this.#stop.signal.throwIfAborted();
    }
  }

  /** One turn. What fails here (a full disk, say) is said, and the next turn tries again. */
  async #poll(): Promise<number> {
    const { logger, state, spool, clock } = this.deps;
    try {
      let retryAfterMs = await this.#refreshManifest(performance.now() - this.#manifestReadAt >= MANIFEST_EVERY_MS);
      const obeyed = this.#manifest.obeyed;
      if (obeyed === undefined) throw new Error('a poll before the first Manifest');
      const read = await this.#queues.read(obeyed, this.#stop.signal);
      if (read.changed) {
        this.#pace.active();
        this.#uploader.grantsChanged();
      }
      retryAfterMs = Math.max(retryAfterMs, read.retryAfterMs);
      await this.#schedule.apply();
      await state.prune(clock.now());
      await spool.dropOld();
      return retryAfterMs;
    } catch (error) {
      if (!this.#stop.signal.aborted) logger.error({ reason: messageOf(error) }, 'poll failed');
      return 0;
    }
  }

  async #refreshManifest(due: boolean): Promise<number> {
    // A file that was refused may be signed by a leaf that a newer trust list names.
    if (!this.#queues.takeNeedsTrust() && !due) return 0;
    const { retryAfterMs, trustChanged } = await this.#manifest.refresh(this.#stop.signal);
    this.#limitSpool();
    this.#manifestReadAt = performance.now();
    if (trustChanged) this.#queues.forgetAll();
    else if (due) this.#queues.forgetRefused();
    return retryAfterMs;
  }

  /** The lower of what the Manifest and the configuration allow. */
  #bytesPerDay(): number | undefined {
    const limits = [this.#manifest.obeyed?.manifest.limits.upload_bytes_per_day, this.#config.allow?.bytes_per_day];
    const known = limits.filter((limit) => limit !== undefined);
    return known.length === 0 ? undefined : Math.min(...known);
  }

  #limitSpool(): void {
    this.deps.spool.limit(this.#config.spool_bytes ?? this.#manifest.obeyed?.manifest.limits.spool_bytes);
  }

  #readEverythingSoon(): void {
    this.#manifestReadAt = -Infinity;
    this.#pace.active();
  }

  async #drain(): Promise<void> {
    await within(DRAIN_FLOWS_MS, this.#schedule.whenIdle());
    this.#schedule.interruptAll();
    await within(1000, this.#schedule.whenIdle());
    await within(DRAIN_UPLOADS_MS, this.#uploader.whenEmpty());
    this.#uploader.stop();
  }

  #pollRange(): { min: number; max: number } {
    const { pollSeconds } = this.deps;
    if (pollSeconds !== undefined) return { min: pollSeconds, max: pollSeconds };
    const manifest = this.#manifest.obeyed?.manifest;
    const min = this.#config.poll_min ?? manifest?.poll_min ?? 5;
    return { min, max: Math.max(min, this.#config.poll_max ?? manifest?.poll_max ?? 60) };
  }

  #grantFor(item: SpoolItem): S3SignedPolicy | LocalFile | undefined {
    const local = item.flow === undefined ? undefined : this.#queues.localFileOf(item.flow);
    if (local !== undefined) {
      if (localFileProblem(this.deps.settings.localFolder, local.path) === undefined) return local;
      // That it was Rejected is told in the bucket; results of before the folder was forbidden wait.
      if (item.kind === 'result') return undefined;
    }
    const tickets = this.#manifest.obeyed?.manifest.ticket_grant.location;
    const grants = item.kind === 'ticket' ? (tickets === undefined ? [] : [tickets]) : this.#queues.grants();
    const now = this.deps.clock.now().getTime();
    return grants
      .filter((grant) => item.key.startsWith(grant.path_prefix) && Date.parse(grant.expires_at) > now)
      .toSorted((a, b) => Date.parse(b.expires_at) - Date.parse(a.expires_at))[0];
  }

  #jobFacts() {
    return {
      sources: [...this.#abilities.sources],
      ...(this.deps.startedFile === undefined ? {} : { started_file: this.deps.startedFile }),
      agent: {
        client_id: this.deps.identity.clientId,
        agent_version: AGENT_VERSION,
        labels: [...new Set([...this.#queues.trustedLabels, ...this.#config.labels])],
        started_at: this.#startedAt,
      },
    };
  }

  #view() {
    const { identity, state, clock } = this.deps;
    const now = clock.now();
    const notAfter = this.#manifest.obeyed?.manifest.not_after;
    const isPast = notAfter === undefined || now.getTime() > Date.parse(notAfter);
    if (isPast && !this.#saidExpired)
      this.deps.logger.warn({ not_after: notAfter }, 'the Manifest is past its date: nothing new is started');
    this.#saidExpired = isPast;
    return {
      clientId: identity.clientId,
      agentVersion: AGENT_VERSION,
      capabilities: this.#abilities.capabilities,
      denied: this.#abilities.denied,
      sourcesIn: this.#sourcesIn,
      bytesPerDay: this.#config.allow?.bytes_per_day,
      localFolder: this.deps.settings.localFolder,
      registeredAt: this.#queues.registeredAt,
      lostAt: state.lostAt,
      mayStart: !isPast && !this.#stop.signal.aborted,
      now,
      attemptsOf: (flowId: string) => state.attemptsOf(flowId),
    };
  }
}
