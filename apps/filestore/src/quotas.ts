import { setImmediate } from 'node:timers/promises';
import { prefixMatcher } from './auth/principal.js';
import { NO_BYTES, toText, type ByteString } from './bytes.js';
import { CorruptObjectError } from './disk/object-file.js';
import type { DiskStore } from './disk/store.js';
import { S3Error } from './s3-error.js';

/** How much may lie under one prefix. */
export interface QuotaRule {
  /** Prefix pattern: `*` stands for one path segment or a part of it. Each prefix that it matches is counted on its own. */
  readonly pattern: string;
  /** Count each client (the `C.<id>` segment of the key) on its own instead of the whole prefix. */
  readonly byClient: boolean;
  readonly bytes: number;
  readonly objects: number;
  /** What may lie under each matched prefix over all clients: their ids are not checked, so a client may invent more. */
  readonly total?: { readonly bytes: number; readonly objects: number } | undefined;
}

interface Usage {
  bytes: number;
  objects: number;
}

const NOTHING: Readonly<Usage> = { bytes: 0, objects: 0 };

/** One matched prefix and what lies under it; by client, or under '' what is no client's or is not told apart. */
interface Area {
  readonly prefix: string;
  readonly usage: Map<string, Usage>;
  /** Over all clients. */
  readonly total: Usage;
  /** Counts changes, so that a count of the folder that was overtaken is noticed. */
  changes: number;
  ready: Promise<void> | undefined;
}

interface Place {
  readonly rule: QuotaRule;
  readonly area: Area;
  /** Client id, or ''. */
  readonly share: string;
}

const CLIENT_SEGMENT = /\/(C\.[0-9a-f]{16})\//;
const MAX_RECOUNTS = 3;

/**
 * Counts bytes and objects under the prefixes of the rules; the upload-only key may not go over. What lies there already
 * is counted once, when the first upload under a prefix comes.
 */
export class Quotas {
  private readonly rules: readonly { readonly rule: QuotaRule; readonly match: ReturnType<typeof prefixMatcher> }[];
  private readonly areas = new Map<string, Area>();

  constructor(
    rules: readonly QuotaRule[],
    private readonly store: DiskStore,
  ) {
    this.rules = rules.map((rule) => ({ rule, match: prefixMatcher(rule.pattern) }));
  }

  /**
   * Refuses an upload of at least this size that cannot fit, before its body is read.
   * @throws S3Error QuotaExceeded
   */
  async admit(key: ByteString, size: number): Promise<void> {
    const place = this.placeOf(key);
    if (place === undefined) return;
    await (place.area.ready ??= this.count(place));
    refuseOver(place, size, 0);
  }

  /**
   * Counts a change of an object just before it is made.
   * @param before size of what is there, undefined for nothing
   * @param after size of what comes, undefined for a removal
   * @param enforce whether going over the quota is refused
   * @returns takes the count back, for a change that failed
   * @throws S3Error QuotaExceeded
   */
  charge(key: ByteString, before: number | undefined, after: number | undefined, enforce: boolean): () => void {
    const place = this.placeOf(key);
    if (place?.area.ready === undefined) return () => undefined;
    const { area, share } = place;
    const bytes = (after ?? 0) - (before ?? 0);
    const objects = Number(after !== undefined) - Number(before !== undefined);
    if (enforce) refuseOver(place, bytes, objects);
    const add = (sign: number): void => {
      addUsage(area, share, sign * bytes, sign * objects);
      area.changes += 1;
    };
    add(1);
    return () => add(-1);
  }

  private placeOf(key: ByteString): Place | undefined {
    for (const { rule, match } of this.rules) {
      const prefix = match(key);
      if (prefix === undefined) continue;
      let area = this.areas.get(prefix);
      if (area === undefined) {
        area = { prefix, usage: new Map(), total: { ...NOTHING }, changes: 0, ready: undefined };
        this.areas.set(prefix, area);
      }
      return { rule, area, share: rule.byClient ? shareOf(key) : '' };
    }
    return undefined;
  }

  private async count({ area, rule }: Place): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      const changes = area.changes;
      area.usage.clear();
      Object.assign(area.total, NOTHING);
      let seen = 0;
      const options = { prefix: area.prefix as ByteString, after: NO_BYTES, delimiter: NO_BYTES };
      for await (const found of this.store.list(options)) {
        const share = rule.byClient ? shareOf(found.key) : '';
        addUsage(area, share, found.kind === 'object' ? this.sizeOf(found) : 0, 1);
        if (++seen % 100 === 0) await setImmediate();
      }
      if (area.changes === changes || attempt >= MAX_RECOUNTS) return;
    }
  }

  /** A damaged object takes its place in the count of objects, and no bytes. */
  private sizeOf({ key, path }: { readonly key: ByteString; readonly path: string }): number {
    try {
      return this.store.headListed(key, path)?.size ?? 0;
    } catch (error) {
      if (error instanceof CorruptObjectError) return 0;
      throw error;
    }
  }
}

function shareOf(key: ByteString): string {
  return CLIENT_SEGMENT.exec(key)?.[1] ?? '';
}

/** A client with nothing left takes no memory. */
function addUsage({ usage, total }: Area, share: string, bytes: number, objects: number): void {
  const before = usage.get(share) ?? NOTHING;
  const after = { bytes: before.bytes + bytes, objects: before.objects + objects };
  if (after.bytes === 0 && after.objects === 0) usage.delete(share);
  else usage.set(share, after);
  total.bytes += bytes;
  total.objects += objects;
}

/** @throws S3Error QuotaExceeded when so much more would go over the client's share or over the total */
function refuseOver({ rule, area, share }: Place, bytes: number, objects: number): void {
  refuseOne(rule, area.usage.get(share) ?? NOTHING, { bytes, objects }, area.prefix + (share && ` of ${share}`));
  if (rule.total !== undefined)
    refuseOne(rule.total, area.total, { bytes, objects }, `${area.prefix} over all clients`);
}

function refuseOne(most: Readonly<Usage>, present: Readonly<Usage>, more: Readonly<Usage>, where: string): void {
  const tooLarge = present.bytes + more.bytes > most.bytes;
  if (!tooLarge && present.objects + more.objects <= most.objects) return;
  const what = tooLarge ? `${String(most.bytes)} bytes` : `${String(most.objects)} objects`;
  throw new S3Error('QuotaExceeded', `The quota of ${toText(where as ByteString)} is used up: at most ${what}.`);
}
