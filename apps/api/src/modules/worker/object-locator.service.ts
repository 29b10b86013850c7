import { Injectable } from '@nestjs/common';
import { mapLimit } from '../../platform/async/map-limit.js';
import { Store } from '../../platform/store/store.module.js';
import type { PresentObject } from './domain/claims.js';

const LANES = 16;
/** Fewer keys than this under one prefix are asked for one by one. */
const LIST_FROM = 4;
/** A first page has room for what is wanted, at least this many; results of one hunt often lie side by side. */
const LEAST_PAGE = 100;
const PAGE = 1000;

/** Looks up many objects: with one LIST a thousand where they lie close, never more requests than keys. */
@Injectable()
export class ObjectLocator {
  constructor(private readonly store: Store) {}

  /** Result objects, which lie under their hunts and clients; those that are there, by key. */
  async results(keys: Iterable<string>): Promise<Map<string, PresentObject>> {
    const groups = Map.groupBy([...new Set(keys)].sort(), prefixOf);
    const found = new Map<string, PresentObject>();
    await mapLimit([...groups], LANES, async ([prefix, group]) =>
      group.length < LIST_FROM ? this.ask(group, found) : this.walk(prefix, group, found),
    );
    return found;
  }

  /** Objects of plain ASCII names under one prefix. */
  async under(prefix: string, keys: Iterable<string>): Promise<Map<string, PresentObject>> {
    const found = new Map<string, PresentObject>();
    await this.walk(prefix, [...new Set(keys)].sort(), found);
    return found;
  }

  private async ask(keys: readonly string[], found: Map<string, PresentObject>): Promise<void> {
    for (const key of keys) {
      const info = await this.store.bucket.head(key);
      if (info !== undefined) found.set(key, { size: info.size, etag: info.etag });
    }
  }

  /** Lists from wanted key to wanted key; `keys` are sorted, and plain ASCII, so that their order is the store's. */
  private async walk(prefix: string, keys: readonly string[], found: Map<string, PresentObject>): Promise<void> {
    const wanted = new Set(keys);
    for (let i = 0; i < keys.length;) {
      const key = keys[i] ?? '';
      const maxKeys = i === 0 ? Math.min(Math.max(keys.length, LEAST_PAGE), PAGE) : PAGE;
      const page = await this.store.bucket.list({ prefix, startAfter: key.slice(0, -1), maxKeys });
      for (const object of page.objects)
        if (wanted.has(object.key)) found.set(object.key, { size: object.size, etag: object.etag });
      if (page.next === undefined) return;
      const last = page.objects.at(-1)?.key ?? '';
      if (last < key) {
        await this.ask([key], found); // others have put a page of names just before it
        i++;
      } else while (i < keys.length && (keys[i] ?? '') <= last) i++;
    }
  }
}

/** `hunts/<id>/vfs/` or `<client_id>/vfs/`: what one listing may cover. */
const prefixOf = (key: string): string => key.slice(0, key.indexOf('/vfs/') + '/vfs/'.length);
