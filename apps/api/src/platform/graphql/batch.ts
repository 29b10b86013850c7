import DataLoader from 'dataloader';
import type { Principal } from '../access/principal.js';

/** Ids of one statement. */
const BATCH = 1000;

/** Looks up many objects for a caller, as far as that caller may see them. */
type Lookup<A, V> = (principal: Principal, ids: readonly string[], args: A) => Promise<ReadonlyMap<string, V>>;

/**
 * What fields of many objects ask for, in one statement. A principal is made anew for every request, so batches are of
 * one request and one caller, whatever else runs. Nothing is remembered: a later part of the request sees later values.
 */
export class Batch<A, V> {
  private readonly loaders = new WeakMap<Principal, Map<string, DataLoader<string, V | undefined>>>();

  constructor(private readonly lookup: Lookup<A, V>) {}

  /** The value of an id; undefined when it is not there, or not for this caller. */
  load(principal: Principal, id: string, args: A): Promise<V | undefined> {
    return this.loader(principal, args).load(id);
  }

  private loader(principal: Principal, args: A): DataLoader<string, V | undefined> {
    const ofCaller = this.loaders.get(principal) ?? new Map<string, DataLoader<string, V | undefined>>();
    this.loaders.set(principal, ofCaller);
    const key = JSON.stringify([args]);
    const found = ofCaller.get(key);
    if (found !== undefined) return found;
    const made = new DataLoader<string, V | undefined>(
      async (ids) => {
        const values = await this.lookup(principal, [...new Set(ids)], args);
        return ids.map((id) => values.get(id));
      },
      { cache: false, maxBatchSize: BATCH },
    );
    ofCaller.set(key, made);
    return made;
  }
}
