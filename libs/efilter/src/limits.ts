import { evalError } from './errors.js';
import { jsonBytes } from './json-bytes.js';
import type { Span } from './span.js';
import type { Value } from './values.js';

/** What one evaluation may cost. Going beyond is an evaluation error. */
export interface Limits {
  /** Rows looked at, functions called and structures compared. */
  readonly steps: number;
  /** Rows held in memory at one time or another: by ORDER BY, `let`, sub-selects as arguments and the like. */
  readonly rows: number;
  /** Time, in milliseconds. */
  readonly milliseconds: number;
  /** Length of a regular expression, in UTF-16 units. */
  readonly patternLength: number;
  /** Length of a text that a regular expression is tried on, in UTF-16 units. */
  readonly subjectLength: number;
  /** Length of a text that a function makes, in UTF-16 units. */
  readonly textLength: number;
  /** Size of the answer as JSON in UTF-8, in bytes. Rows that were answered before the limit was reached stand. */
  readonly resultBytes: number;
}

/** Enough for the queries of a flow; a host sets its own for hostile texts. */
export const DEFAULT_LIMITS: Limits = {
  steps: 100_000_000,
  rows: 1_000_000,
  milliseconds: 600_000,
  patternLength: 1_000,
  subjectLength: 100_000,
  textLength: 1_000_000,
  resultBytes: Infinity,
};

/** The part of an AbortSignal that the evaluator looks at; the methods only while it waits for asynchronous sources. */
export interface Abortable {
  readonly aborted: boolean;
  addEventListener?(type: 'abort', listener: () => void): void;
  removeEventListener?(type: 'abort', listener: () => void): void;
}

const LOOK_AT_CLOCK_EVERY = 256;

/** Counts what an evaluation costs and ends it when a limit is reached. */
export class Meter {
  /** Steps until the clock is looked at, and how many may follow then. */
  private near = 0;
  private far: number;
  private held = 0;
  private answered = 0;
  private readonly deadline: number;

  /**
   * @param limits what the evaluation may cost
   * @param now the present time in milliseconds, from any start
   * @param signal ends the evaluation when aborted
   * @param where the whole query, for the position of the error
   */
  constructor(
    readonly limits: Limits,
    private readonly now: () => number,
    private readonly signal: Abortable | undefined,
    private readonly where: Span,
  ) {
    this.deadline = now() + limits.milliseconds;
    this.far = limits.steps;
    this.look();
  }

  /** One unit of work. */
  step(): void {
    if (this.near === 0) this.allot();
    this.near -= 1;
  }

  private allot(): void {
    if (this.far <= 0) throw this.exceeded(`${this.limits.steps} steps`);
    this.near = Math.min(LOOK_AT_CLOCK_EVERY, this.far);
    this.far -= this.near;
    this.look();
  }

  /** One more row is kept in memory. */
  readonly hold = (): void => {
    this.held += 1;
    if (this.held > this.limits.rows) throw this.exceeded(`${this.limits.rows} rows in memory`);
  };

  /** One more row or value of the answer, plain, and the comma after it. */
  answer(value: Value): void {
    const { resultBytes } = this.limits;
    if (resultBytes === Infinity) return;
    this.answered += jsonBytes(value) + 1;
    if (this.answered > resultBytes) throw this.exceeded(`${resultBytes} bytes in the answer`);
  }

  /** The time that is left, in milliseconds; below 0 when it is over. */
  remaining(): number {
    return this.deadline - this.now();
  }

  /** Looks at the clock and the signal now; for work that takes long in one step. */
  look(): void {
    if (this.signal?.aborted === true) throw evalError('The query was stopped.', this.where);
    if (this.now() > this.deadline) throw this.exceeded(`${this.limits.milliseconds} ms`);
  }

  /** The error of going beyond a limit. */
  exceeded(limit: string): Error {
    return evalError(`The query took more than its limit of ${limit}.`, this.where);
  }
}
