import { CharacterSets } from './regex-classes.js';

/** A way from one place of a pattern to another; `loop` when it goes back to the beginning of a repeat. */
export interface Edge {
  readonly to: number;
  readonly loop: number | undefined;
}

/** One character of a pattern: what it may be, what may follow it, and the open repeats that it stands in. */
export interface Position {
  readonly set: bigint;
  readonly edges: Edge[];
  /** Outermost first. */
  readonly loops: number[];
}

/** A pattern as its places (the automaton of Glushkov), where two ways between the same places are two edges. */
export interface Automaton {
  readonly positions: readonly Position[];
  /** Patterns of look-around groups, which are matched on their own. */
  readonly asides: readonly string[];
}

/** A repeat of more than this counts as open: its work grows as that of an unbounded one. */
const SMALL_BOUND = 4;

/** Part of a pattern: whether it may be empty, and the places that may begin and end it. */
interface Part {
  readonly nullable: boolean;
  readonly first: readonly number[];
  readonly last: readonly number[];
}

const EMPTY: Part = { nullable: true, first: [], last: [] };

/** Reads a pattern as JavaScript writes it; undefined when it is malformed. */
export function readAutomaton(pattern: string, dotAll: boolean): Automaton | undefined {
  return new Reader(pattern, dotAll).read();
}

class Reader {
  private at = 0;
  private readonly positions: Position[] = [];
  private readonly asides: string[] = [];
  private readonly sets: CharacterSets;
  private loopCount = 0;

  constructor(
    private readonly pattern: string,
    private readonly dotAll: boolean,
  ) {
    this.sets = new CharacterSets(pattern);
  }

  read(): Automaton | undefined {
    this.choice();
    return this.at < this.pattern.length ? undefined : { positions: this.positions, asides: this.asides };
  }

  private choice(): Part {
    let result = this.sequence();
    while (this.pattern.charAt(this.at) === '|') {
      this.at += 1;
      const other = this.sequence();
      result = {
        nullable: result.nullable || other.nullable,
        first: [...result.first, ...other.first],
        last: [...result.last, ...other.last],
      };
    }
    return result;
  }

  private sequence(): Part {
    let result = EMPTY;
    while (this.at < this.pattern.length && !/[|)]/.test(this.pattern.charAt(this.at))) {
      const next = this.repeated();
      this.connect(result.last, next.first, undefined);
      result = {
        nullable: result.nullable && next.nullable,
        first: result.nullable ? [...result.first, ...next.first] : result.first,
        last: next.nullable ? [...result.last, ...next.last] : next.last,
      };
    }
    return result;
  }

  private repeated(): Part {
    const begin = this.positions.length;
    const part = this.atom();
    const { least, most, length } = repeatAt(this.pattern, this.at);
    this.at += length;
    const inside = this.positions.slice(begin);
    if (most > SMALL_BOUND && (most !== least || inside.some(({ loops }) => loops.length > 0))) {
      const loop = this.loopCount;
      this.loopCount += 1;
      for (const { loops } of inside) loops.unshift(loop);
      this.connect(part.last, part.first, loop);
    }
    return { ...part, nullable: part.nullable || least === 0 };
  }

  private atom(): Part {
    const { pattern } = this;
    const char = pattern.charAt(this.at);
    if (char === '(') return this.group();
    const text =
      /^(?:\\(?:u\{[^}]*\}|[pP]\{[^}]*\}|k<[^>]*>|x[\da-fA-F]{2}|u[\da-fA-F]{4}|[\s\S])|\[\^?(?:\\[\s\S]|[^\]\\])*\])/.exec(
        pattern.slice(this.at),
      )?.[0];
    const atom = text ?? String.fromCodePoint(pattern.codePointAt(this.at) ?? 0);
    this.at += atom.length;
    if (char === '^' || char === '$') return EMPTY;
    if (char === '\\') {
      const set = this.sets.escape(atom);
      if (set === undefined) return EMPTY;
      const part = this.place(set);
      return /^\\[k1-9]/.test(atom) ? { ...part, nullable: true } : part;
    }
    if (char === '[') return this.place(text === undefined ? this.sets.all : this.sets.bracket(atom));
    return this.place(char === '.' ? this.sets.dot(this.dotAll) : this.sets.literal(atom));
  }

  private place(set: bigint): Part {
    const index = this.positions.length;
    this.positions.push({ set, edges: [], loops: [] });
    return { nullable: false, first: [index], last: [index] };
  }

  private group(): Part {
    const prefix = /^\((?:\?(?:<[A-Za-z_$][\w$]*>|<?[=!]|[a-z-]*:))?/.exec(
      this.pattern.slice(this.at, this.at + 200),
    )?.[0];
    this.at += prefix?.length ?? 1;
    if (prefix === undefined || !/[=!]$/.test(prefix)) {
      const part = this.choice();
      this.at += 1;
      return part;
    }
    const start = this.at;
    const kept = this.positions.length;
    this.choice();
    this.positions.length = kept;
    this.asides.push(this.pattern.slice(start, this.at));
    this.at += 1;
    return EMPTY;
  }

  private connect(from: readonly number[], to: readonly number[], loop: number | undefined): void {
    for (const source of from) {
      for (const target of to) this.positions[source]?.edges.push({ to: target, loop });
    }
  }
}

interface Repeat {
  readonly length: number;
  readonly least: number;
  readonly most: number;
}

/** The repeat that stands at `index`; exactly once if there is none. */
function repeatAt(pattern: string, index: number): Repeat {
  const match = /^(?:[*+?]|\{(\d+)(,?)(\d*)\})\??/.exec(pattern.slice(index, index + 40));
  if (match === null) return { length: 0, least: 1, most: 1 };
  const { length } = match[0];
  const sign = match[0].charAt(0);
  if (sign !== '{') return { length, least: sign === '+' ? 1 : 0, most: sign === '?' ? 1 : Infinity };
  const least = Number(match[1]);
  return { length, least, most: match[2] === '' ? least : match[3] === '' ? Infinity : Number(match[3]) };
}
