import type { ArrayReader } from './array-reader.js';
import type { Meter } from './limits.js';
import type { RowTest, Value } from './values.js';

/** Makes a value of one of the source; undefined where none comes of it. */
export type Make = (value: Value) => Value | undefined;

/**
 * Values made of those of a source, one for each call of `next`, which reads no further than the value it answers. As
 * with a generator, it has ended once it has thrown, and the source is closed where it ends early; it costs a part of
 * what a generator costs.
 */
export class Derived implements Iterator<Value> {
  private source: Iterator<Value> | undefined;

  /**
   * @param source begun, and not read yet
   * @param left how many values there may be, from 1 up
   */
  constructor(
    private readonly meter: Meter,
    source: Iterator<Value>,
    private readonly make: Make,
    private left: number,
  ) {
    this.source = source;
  }

  next(): IteratorResult<Value> {
    if (this.left === 0) return this.return();
    const { source } = this;
    if (source === undefined) return { done: true, value: undefined };
    // Ended, until a value is there to be answered.
    this.source = undefined;
    for (;;) {
      const next = source.next();
      if (next.done === true) return { done: true, value: undefined };
      const made = this.made(source, next.value);
      if (made === undefined) continue;
      this.source = source;
      this.left -= 1;
      return { done: false, value: made };
    }
  }

  return(): IteratorResult<Value> {
    const { source } = this;
    this.source = undefined;
    source?.return?.();
    return { done: true, value: undefined };
  }

  /** What fails here closes the source. */
  private made(source: Iterator<Value>, value: Value): Value | undefined {
    let failed = true;
    try {
      this.meter.step();
      const made = this.make(value);
      failed = false;
      return made;
    } finally {
      if (failed) source.return?.();
    }
  }
}

/** The same for rows that stand in an array: those that do not pass the test need not be looked at. */
export class DerivedFromArray implements Iterator<Value> {
  private place = 0;

  constructor(
    private readonly meter: Meter,
    private readonly reader: ArrayReader,
    private readonly passes: RowTest | undefined,
    private readonly make: Make,
    private left: number,
  ) {}

  next(): IteratorResult<Value> {
    const { meter, passes, make } = this;
    const { rows, seen } = this.reader;
    let { place } = this;
    // Ended, until a value is there to be answered.
    this.place = Infinity;
    while (place < rows.length) {
      const given = rows[place];
      place += 1;
      meter.step();
      if (passes !== undefined && !passes(given)) continue;
      const made = make(seen(given));
      if (made === undefined) continue;
      this.left -= 1;
      if (this.left > 0) this.place = place;
      return { done: false, value: made };
    }
    return { done: true, value: undefined };
  }

  return(): IteratorResult<Value> {
    this.place = Infinity;
    return { done: true, value: undefined };
  }
}
