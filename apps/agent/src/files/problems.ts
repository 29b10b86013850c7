import { codeOf, messageOf } from '../errors.js';
import type { RawPath } from './raw-path.js';

/** A path that could not be read, and why: the system's code, or words of ours. */
export interface Problem {
  path: RawPath;
  reason: string;
}

/** So many are listed; all are counted. */
const MAX_LISTED = 10_000;

/** Counts and lists what could not be read: never a reason to end a walk. */
export class Problems {
  readonly #counts = new Map<string, number>();
  #listed = 0;

  constructor(private readonly list: (problem: Problem) => void) {}

  /** Notes what the system answered. */
  failed(path: RawPath, error: unknown): void {
    this.note(path, codeOf(error) ?? messageOf(error));
  }

  note(path: RawPath, reason: string): void {
    this.#counts.set(reason, (this.#counts.get(reason) ?? 0) + 1);
    if (++this.#listed <= MAX_LISTED) this.list({ path, reason });
  }

  /** In one line; undefined when all could be read. */
  summary(): string | undefined {
    if (this.#listed === 0) return undefined;
    const reasons = [...this.#counts].map(([reason, count]) => `${reason} ${count}`).join(', ');
    const listed = this.#listed > MAX_LISTED ? `, the first ${MAX_LISTED} of them are listed` : '';
    return `${this.#listed} paths could not be read (${reasons})${listed}`;
  }
}
