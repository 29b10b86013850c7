import type { Value } from './values.js';

/**
 * Reads an array of rows; no generator, for this is where most rows come from. Whoever reads counts the steps, and may
 * take the rows themselves instead of the iterator.
 */
export class ArrayReader implements Iterator<Value> {
  private place = 0;

  constructor(
    /** As the host gave them. */
    readonly rows: readonly unknown[],
    /** A row as the query sees it. */
    readonly seen: (row: unknown) => Value,
  ) {}

  next(): IteratorResult<Value> {
    if (this.place >= this.rows.length) return { done: true, value: undefined };
    const row = this.rows[this.place];
    this.place += 1;
    return { done: false, value: this.seen(row) };
  }
}
