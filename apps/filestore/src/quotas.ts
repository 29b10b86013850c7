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
}

interface Usage {
  bytes: number;
  objects: number;
}

/** One matched prefix and what lies under it; by client, or under '' all together. */
interface Area {
  readonly prefix: string;
  readonly usage: Map<string, Usage>;
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
    const usage = place.area.usage.get(place.share);
    refuseOver(place, (usage?.bytes ?? 0) + size, usage?.objects ?? 0);
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
    const usage = area.usage.get(share);
    if (enforce) refuseOver(place, (usage?.bytes ?? 0) + bytes, (usage?.objects ?? 0) + objects);
    const add = (sign: number): void => {
      const present = area.usage.get(share) ?? { bytes: 0, objects: 0 };
      area.usage.set(share, { bytes: present.bytes + sign * bytes, objects: present.objects + sign * objects });
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
        area = { prefix, usage: new Map(), changes: 0, ready: undefined };
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
      let seen = 0;
      const options = { prefix: area.prefix as ByteString, after: NO_BYTES, delimiter: NO_BYTES };
      for await (const found of this.store.list(options)) {
        const share = rule.byClient ? shareOf(found.key) : '';
        const usage = area.usage.get(share) ?? { bytes: 0, objects: 0 };
        if (found.kind === 'object') usage.bytes += this.sizeOf(found);
        usage.objects += 1;
        area.usage.set(share, usage);
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

function refuseOver({ rule, area, share }: Place, bytes: number, objects: number): void {
  if (bytes <= rule.bytes && objects <= rule.objects) return;
  const what = bytes > rule.bytes ? `${String(rule.bytes)} bytes` : `${String(rule.objects)} objects`;
  const where = toText(area.prefix as ByteString) + (share === '' ? '' : ` of ${share}`);
  throw new S3Error('QuotaExceeded', `The quota of ${where} is used up: at most ${what}.`);
}
