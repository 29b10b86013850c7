/**
 * Sets of characters as bit masks: one bit for each ASCII character, one for each other character that the pattern
 * names, and one for all the rest. Upper and lower case of ASCII letters are the same, for patterns ignore case.
 */
export class CharacterSets {
  /** Every character. */
  readonly all: bigint;
  private readonly others = new Map<string, bigint>();
  private readonly rest: bigint;

  constructor(pattern: string) {
    for (const char of pattern.toLowerCase()) {
      if (char > '\u{7f}' && !this.others.has(char)) {
        this.others.set(char, 1n << BigInt(ASCII + this.others.size));
      }
    }
    this.rest = 1n << BigInt(ASCII + this.others.size);
    this.all = (this.rest << 1n) - 1n;
  }

  /** One character, in both cases. */
  literal(char: string): bigint {
    const code = char.codePointAt(0) ?? 0;
    if (code > 127) return this.others.get(char.toLowerCase()) ?? this.rest;
    return bit(char.toLowerCase().charCodeAt(0)) | bit(char.toUpperCase().charCodeAt(0));
  }

  /** `.`: everything but the ends of lines, unless these are asked for. */
  dot(lineEnds: boolean): bigint {
    return lineEnds ? this.all : this.all & ~(bit(10) | bit(13));
  }

  /** What an escape such as `\d`, `\.` or `\x41` stands for; undefined for one that stands for no character. */
  escape(text: string): bigint | undefined {
    const kind = text.charAt(1);
    const shorthand = SHORTHANDS[kind.toLowerCase()];
    if (shorthand !== undefined) {
      const set = shorthand | (kind.toLowerCase() === 's' ? this.rest : 0n);
      return kind === kind.toLowerCase() ? set : this.all & ~shorthand;
    }
    if (/[bB]/.test(kind)) return undefined;
    if (/[pPk1-9]/.test(kind)) return this.all;
    const code = /^\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|u\{([\da-fA-F]+)\})$/.exec(text);
    const digits = code?.[1] ?? code?.[2] ?? code?.[3];
    if (digits !== undefined) {
      const point = Number.parseInt(digits, 16);
      return point > 127 ? this.all & ~ASCII_CHARS : this.literal(String.fromCharCode(point));
    }
    const control = CONTROLS[kind];
    return control === undefined ? this.literal(kind) : bit(control);
  }

  /** The characters of `[...]`, given with its brackets. */
  bracket(text: string): bigint {
    const negated = text.startsWith('[^');
    const parts = text.slice(negated ? 2 : 1, -1).match(PART) ?? [];
    let set = 0n;
    for (let index = 0; index < parts.length; index += 1) {
      const from = parts[index] ?? '';
      const to = parts[index + 2];
      if (parts[index + 1] === '-' && to !== undefined) {
        set |= this.range(from, to);
        index += 2;
      } else {
        set |= this.member(from);
      }
    }
    if (!negated) return set;
    return this.all & ~set;
  }

  private member(part: string): bigint {
    if (part === '\\b') return bit(8);
    return part.startsWith('\\') ? (this.escape(part) ?? 0n) : this.literal(part);
  }

  private range(from: string, to: string): bigint {
    const [first, last] = [from, to].map((part) => (part.length > 1 && part.startsWith('\\') ? part.slice(1) : part));
    const start = first?.codePointAt(0) ?? 0;
    const end = last?.codePointAt(0) ?? 0;
    if (from.length > 2 || to.length > 2) return this.all;
    let set = end > 127 ? this.all & ~ASCII_CHARS : 0n;
    for (let code = start; code <= Math.min(end, 127); code += 1) set |= this.literal(String.fromCharCode(code));
    return set;
  }
}

const ASCII = 128;
const ASCII_CHARS = (1n << 128n) - 1n;
const PART = /\\(?:u\{[^}]*\}|[pP]\{[^}]*\}|x[\da-fA-F]{2}|u[\da-fA-F]{4}|[\s\S])|[\s\S]/gu;
const CONTROLS: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9, f: 12, v: 11, '0': 0 };

function bit(code: number): bigint {
  return 1n << BigInt(code);
}

function between(first: string, last: string): bigint {
  let set = 0n;
  for (let code = first.charCodeAt(0); code <= last.charCodeAt(0); code += 1) set |= bit(code);
  return set;
}

const SHORTHANDS: Readonly<Record<string, bigint>> = {
  d: between('0', '9'),
  w: between('0', '9') | between('a', 'z') | between('A', 'Z') | bit(95),
  s: between('\t', '\r') | bit(32),
};
