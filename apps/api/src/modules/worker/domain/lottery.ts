import { randomHex32, sha256Hex } from '#wire';

const DIGITS = 12;
const RANGE = 16 ** DIGITS;

/**
 * Draws lots among more than can be held: a look through all counts those that stay, the next one gives each the same
 * chance, in one pass and in constant memory.
 */
export class Lottery {
  private salt = randomHex32();
  private place = '';
  private stayed = 0;
  private stayedBefore = 0;
  /** Candidates of this look. */
  private seen = 0;

  /** How many stayed: in the last whole look, or in this one when that is more by now. */
  get waiting(): number {
    return Math.max(this.stayed, this.stayedBefore);
  }

  /** Whether a listing that begins at this key belongs to a new look. Remembers it. */
  begins(place: string): boolean {
    const goesBack = place <= this.place;
    this.place = place;
    return goesBack;
  }

  /** A new look begins; answers how many stayed in the one before. */
  next(): number {
    this.stayedBefore = this.stayed;
    this.stayed = 0;
    this.seen = 0;
    this.salt = randomHex32();
    return this.stayedBefore;
  }

  /** Those that are drawn, `room` at most. */
  draw(ids: ReadonlySet<string>, room: number): Set<string> {
    // of those that are still to come as far as the last look tells, so that the first have no better chance than the last
    const toCome = Math.max(this.stayedBefore - this.seen, ids.size);
    const chance = this.stayedBefore > 0 && toCome > room ? room / toCome : 1;
    this.seen += ids.size;
    const drawn = new Set<string>();
    for (const id of ids) if (drawn.size < room && this.lot(id) < chance) drawn.add(id);
    this.stayed += ids.size - drawn.size;
    return drawn;
  }

  /** From 0 to 1; another one in each look. */
  private lot(id: string): number {
    return Number.parseInt(sha256Hex(`${this.salt}${id}`).slice(0, DIGITS), 16) / RANGE;
  }
}
