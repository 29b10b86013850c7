import {
  backoff,
  type LocalFolder,
  MAX_RETRY_AFTER_MS,
  NetworkError,
  UploadRefused,
  UploadRetry,
} from '#locations/agent';
import type { BucketClient } from '../bucket-client.js';
import { isHuntId, type LocalFile, type S3SignedPolicy } from '#wire';
import { messageOf } from '../errors.js';
import type { Logger } from '../logger.js';
import type { DayBudget } from './day-budget.js';
import type { Spool } from './spool.js';
import type { SpoolItem } from './spool-item.js';

/** So many of each kind are under way at once: a large result never keeps a ticket waiting. */
const LANES: Record<SpoolItem['kind'], number> = { ticket: 2, result: 2 };
const FIRST_WAIT_MS = 1000;
const MAX_WAIT_MS = 15 * 60_000;

export interface UploaderDeps {
  spool: Spool;
  http: BucketClient;
  /** Where flows may write on this machine; undefined: nowhere. */
  local: LocalFolder | undefined;
  now: () => Date;
  /** The newest grant under which this item may be stored, or its folder here; undefined while there is none. */
  grantFor: (item: SpoolItem) => S3SignedPolicy | LocalFile | undefined;
  /** A 403 although a grant is there: read the job file again, once for an item. */
  onForbidden: () => void;
  /** The store has it. */
  onDelivered: (item: SpoolItem) => void;
  /** The store will never take it (too large, wrong form); it is still in the spool. */
  onUndeliverable: (item: SpoolItem, reason: string) => Promise<void>;
  /** What may be sent in a day. */
  budget: DayBudget;
  /** How fast a result may be sent. */
  bitsPerSecond: () => number;
  logger: Logger;
}

interface Group {
  first: string;
  hasFinal: boolean;
}

const groupOf = ({ flow }: SpoolItem): string | undefined =>
  flow === undefined ? undefined : `${flow.flow_id}/${flow.attempt}`;

interface Wait {
  attempt: number;
  until: number;
}

/** Sends what the spool holds, for ever: each flow's results before its final ticket, targeted flows before hunts. */
export class Uploader {
  readonly #flying = new Set<string>();
  /** Items that the store refused for now. */
  readonly #waits = new Map<string, Wait>();
  /** The store did not answer: nothing is sent before this. */
  #pause: Wait = { attempt: 0, until: 0 };
  readonly #abort = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #running = false;
  #emptyWaiters: (() => void)[] = [];

  constructor(private readonly deps: UploaderDeps) {}

  start(): void {
    this.#running = true;
    this.kick();
  }

  /** Ends what is under way; the spool keeps it. */
  stop(): void {
    this.#running = false;
    clearTimeout(this.#timer);
    this.#abort.abort();
  }

  /** Something new is in the spool, or a new grant is known: looks again at what can be sent. */
  kick(): void {
    if (this.#running) this.#pump();
  }

  /** New grants are here: what waited after a refusal is tried again. */
  grantsChanged(): void {
    for (const wait of this.#waits.values()) wait.until = 0;
    this.kick();
  }

  /** Resolves when nothing is left to send. */
  whenEmpty(): Promise<void> {
    if (this.deps.spool.items().length === 0) return Promise.resolve();
    return new Promise((resolve) => this.#emptyWaiters.push(resolve));
  }

  #pump(): void {
    clearTimeout(this.#timer);
    const items = this.deps.spool.items();
    if (items.length === 0 && this.#flying.size === 0) {
      for (const resolve of this.#emptyWaiters.splice(0)) resolve();
      return;
    }
    const now = performance.now();
    const next = this.#pause.until > now ? this.#pause.until : this.#sendWhatIsReady(items, now);
    // At the latest a minute from now: grants, held items and dates change by themselves.
    this.#timer = setTimeout(() => this.kick(), Math.min(Math.max(next - now, 5), 60_000));
  }

  /** Starts what can be sent; gives when to look again. */
  #sendWhatIsReady(items: readonly SpoolItem[], now: number): number {
    const groups = this.#groups(items);
    const free = { ...LANES };
    for (const item of items) if (this.#flying.has(item.id)) free[item.kind] -= 1;
    let next = Infinity;
    for (const item of this.#inOrder(items)) {
      if (free.ticket <= 0 && free.result <= 0) break;
      const at = this.#readyAt(item, groups, now);
      if (at > now) next = Math.min(next, at);
      else if (free[item.kind] > 0) {
        free[item.kind] -= 1;
        this.#fly(item);
      }
    }
    return next;
  }

  /** Of each attempt: its first item, and whether its final ticket is there. */
  #groups(items: readonly SpoolItem[]): ReadonlyMap<string, Group> {
    const groups = new Map<string, Group>();
    for (const item of items) {
      const key = groupOf(item);
      if (key === undefined) continue;
      const group = groups.get(key);
      const isFinal = item.final !== undefined && !this.deps.spool.isHeld(item);
      if (group === undefined) groups.set(key, { first: item.id, hasFinal: isFinal });
      else group.hasFinal ||= isFinal;
    }
    return groups;
  }

  #inOrder(items: readonly SpoolItem[]): SpoolItem[] {
    const rank = (item: SpoolItem): number => (item.flow === undefined ? 0 : isHuntId(item.flow.flow_id) ? 2 : 1);
    return items.filter((item) => !this.#flying.has(item.id)).toSorted((a, b) => rank(a) - rank(b));
  }

  /** When this item may be sent, on the clock of `performance.now`; Infinity while something must come first. */
  #readyAt(item: SpoolItem, groups: ReadonlyMap<string, Group>, now: number): number {
    if (this.deps.spool.isHeld(item)) return Infinity;
    const group = groups.get(groupOf(item) ?? '');
    if (group !== undefined) {
      if (item.kind === 'ticket' && group.first < item.id) return Infinity;
      if (item.kind === 'result' && item.part === undefined && !group.hasFinal) return Infinity;
    }
    const today = item.kind === 'result' ? this.deps.budget.waitMs(item.bytes) : 0;
    const spread = item.not_before === undefined ? 0 : Date.parse(item.not_before) - this.deps.now().getTime();
    return Math.max(
      this.#waits.get(item.id)?.until ?? 0,
      Math.max(spread, today) > 0 ? now + Math.max(spread, today) : 0,
    );
  }

  #fly(item: SpoolItem): void {
    this.#flying.add(item.id);
    this.#send(item)
      .catch((error: unknown) => {
        if (this.#abort.signal.aborted) return;
        // A fault of ours or of the disk: said, and tried again later like everything else.
        this.deps.logger.error({ key: item.key, reason: messageOf(error) }, 'an upload failed here');
        this.#wait(item);
      })
      .finally(() => {
        this.#flying.delete(item.id);
        this.kick();
      });
  }

  async #send(item: SpoolItem): Promise<void> {
    const { spool, grantFor, logger } = this.deps;
    const grant = grantFor(item);
    if (grant === undefined) {
      if (!this.#waits.has(item.id)) logger.info({ key: item.key }, 'no grant for this upload yet: it waits');
      this.#refused(item);
      return;
    }
    try {
      await this.#store(item, grant);
    } catch (error) {
      if (error instanceof UploadRefused) await this.#onRefused(item, error);
      else if (error instanceof NetworkError || error instanceof UploadRetry) this.#onNoAnswer(error);
      else throw error;
      return;
    }
    this.#pause = { attempt: 0, until: 0 };
    this.#waits.delete(item.id);
    if (item.kind === 'result') await this.deps.budget.used(item.bytes);
    this.deps.onDelivered(item);
    await spool.remove(item);
  }

  #store(item: SpoolItem, grant: S3SignedPolicy | LocalFile): Promise<void> {
    const { spool, http, local } = this.deps;
    const file = spool.dataPath(item);
    const { signal } = this.#abort;
    if (grant.__type__ === 'S3SignedPolicy')
      return http.upload(grant, item.key, file, {
        contentType: item.content_type,
        signal,
        ...(item.kind === 'result' ? { rateBitsPerSecond: this.deps.bitsPerSecond() } : {}),
      });
    if (local === undefined) throw new Error(`a folder ${grant.path} was granted where none is allowed`);
    return local.write(item.key, file, { folder: grant.path, signal });
  }

  async #onRefused(item: SpoolItem, error: UploadRefused): Promise<void> {
    this.#pause = { attempt: 0, until: 0 };
    this.deps.logger.warn({ key: item.key, kind: error.kind, reason: error.message }, 'the store refused an upload');
    if (error.kind === 'too-large' || error.kind === 'final') {
      this.#waits.delete(item.id);
      await this.deps.onUndeliverable(item, error.message);
      return;
    }
    this.#refused(item);
  }

  /** No grant, or one that does not do: the first time, news are asked for at once. */
  #refused(item: SpoolItem): void {
    const first = !this.#waits.has(item.id);
    this.#wait(item);
    if (first) this.deps.onForbidden();
  }

  #wait(item: SpoolItem): void {
    const attempt = (this.#waits.get(item.id)?.attempt ?? 0) + 1;
    this.#waits.set(item.id, { attempt, until: performance.now() + this.#jitter(attempt) });
  }

  #onNoAnswer(error: NetworkError | UploadRetry): void {
    const attempt = this.#pause.attempt + 1;
    const asked = error instanceof UploadRetry ? Math.min(error.retryAfterMs ?? 0, MAX_RETRY_AFTER_MS) : 0;
    const delay = Math.max(this.#jitter(attempt), asked);
    if (attempt === 1) this.deps.logger.warn({ reason: error.message }, 'the store took no upload: waiting');
    this.#pause = { attempt, until: performance.now() + delay };
  }

  #jitter(attempt: number): number {
    return backoff({ attempt, firstMs: FIRST_WAIT_MS, maxMs: MAX_WAIT_MS, random: Math.random });
  }
}
