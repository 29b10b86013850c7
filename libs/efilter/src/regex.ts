import { evalError } from './errors.js';
import type { Limits } from './limits.js';
import type { Span } from './span.js';
import { examine } from './regex-safety.js';

/** A pattern ready for use. */
export interface Regex {
  /** Whether the pattern is found anywhere in the text. */
  test(text: string, at: Span): boolean;
  /** The text with every match replaced; `\1` and `\g<name>` in the replacement stand for groups. */
  replace(text: string, replacement: string, at: Span): string;
}

const MAX_CACHED = 200;

/** How much of the limit of a text's length a pattern may have, by its unbounded repeats: work grows by their power. */
const SHARE_OF_LENGTH = [1, 1, 1 / 5, 1 / 10];
const LEAST_SHARE = 1 / 50;

/** A compiled pattern and the length of the texts it may be tried on. */
interface Compiled {
  readonly regex: RegExp;
  readonly maxText: number;
}

/** The regular expressions of one evaluation, each compiled once. All are case-insensitive. */
export class RegexCache {
  private readonly known = new Map<string, Compiled>();

  constructor(
    private readonly limits: Limits,
    private readonly look: () => void,
  ) {}

  /** Compiles a pattern; an evaluation error at `at` when it is invalid, too long or could take exponential time. */
  get(pattern: string, at: Span): Regex {
    let compiled = this.known.get(pattern);
    if (compiled === undefined) {
      compiled = compilePattern(pattern, this.limits, at);
      if (this.known.size >= MAX_CACHED) this.known.clear();
      this.known.set(pattern, compiled);
    }
    const { regex, maxText } = compiled;
    const check = (text: string, where: Span): void => {
      if (text.length <= maxText) return;
      throw evalError(`A text of ${text.length} characters is too long for this pattern (at most ${maxText}).`, where);
    };
    return {
      test: (text, where) => {
        check(text, where);
        regex.lastIndex = 0;
        const found = regex.test(text);
        if (text.length > LONG_TEXT) this.look();
        return found;
      },
      replace: (text, replacement, where) => {
        check(text, where);
        const result = text.replace(regex, (...match: unknown[]) => expand(replacement, match, where));
        this.look();
        return result;
      },
    };
  }
}

/** After a text of this length it is worth while to look at the clock. */
const LONG_TEXT = 1_000;

/**
 * A pattern, written as Python or JavaScript writes it, as a RegExp with the flags `g`, `i` and, where it compiles so, `u`.
 * @throws EfilterError of kind `eval`
 */
export function compilePattern(pattern: string, limits: Limits, at: Span): Compiled {
  if (pattern.length > limits.patternLength) {
    throw evalError(`The regular expression is longer than ${limits.patternLength} characters.`, at);
  }
  const { danger, repeats } = examine(pattern);
  if (danger !== undefined) throw evalError(`The regular expression is refused: ${danger}.`, at);
  const { source, flags } = translate(pattern);
  const maxText = Math.floor(limits.subjectLength * (SHARE_OF_LENGTH[repeats] ?? LEAST_SHARE));
  return { regex: build(source, flags, at), maxText };
}

function build(source: string, flags: string, at: Span): RegExp {
  try {
    return new RegExp(source, `${flags}u`);
  } catch (unicodeError) {
    if (!(unicodeError instanceof SyntaxError)) throw unicodeError;
    try {
      return new RegExp(source, flags);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      throw evalError(`The regular expression is invalid: ${error.message}.`, at, error);
    }
  }
}

/** Python's leading flags, named groups and anchors in the words of JavaScript. */
function translate(pattern: string): { source: string; flags: string } {
  let flags = 'gi';
  let rest = pattern;
  for (let leading = /^\(\?([ims]+)\)/.exec(rest); leading !== null; leading = /^\(\?([ims]+)\)/.exec(rest)) {
    for (const flag of leading[1] ?? '') if (!flags.includes(flag)) flags += flag;
    rest = rest.slice(leading[0].length);
  }
  let source = '';
  let inClass = false;
  for (let index = 0; index < rest.length; index += 1) {
    const char = rest.charAt(index);
    if (char === '\\') {
      const next = rest.charAt(index + 1);
      index += 1;
      if (!inClass && next === 'A') source += '(?<![\\s\\S])';
      else if (!inClass && (next === 'Z' || next === 'z')) source += '(?![\\s\\S])';
      else source += char + next;
    } else if (!inClass && rest.startsWith('(?P<', index)) {
      source += '(?<';
      index += 3;
    } else if (!inClass && rest.startsWith('(?P=', index)) {
      const close = rest.indexOf(')', index);
      if (close < 0) return { source: rest, flags };
      source += `\\k<${rest.slice(index + 4, close)}>`;
      index = close;
    } else {
      if (char === '[') inClass = true;
      else if (char === ']') inClass = false;
      source += char;
    }
  }
  return { source, flags };
}

/** Python's replacement text: `\1`, `\g<1>`, `\g<name>`, `\n`, `\t`, `\\`. */
function expand(replacement: string, match: readonly unknown[], at: Span): string {
  const last = match.at(-1);
  const groups = typeof last === 'object' && last !== null ? (last as Readonly<Record<string, unknown>>) : {};
  const offset = match.findIndex((part) => typeof part === 'number');
  const group = (name: string): string => {
    const found = /^\d+$/.test(name)
      ? Number(name) < offset
        ? (match[Number(name)] ?? '')
        : undefined
      : named(groups, name);
    if (typeof found !== 'string')
      throw evalError(`The replacement names a group ${name} that the pattern has not.`, at);
    return found;
  };
  return replacement.replace(
    /\\(?:g<(\w+)>|(\d{1,2})|([nrt\\]))/g,
    (_whole, name?: string, digits?: string, escape?: string) => {
      if (escape !== undefined) return { n: '\n', r: '\r', t: '\t' }[escape] ?? '\\';
      return group(name ?? digits ?? '');
    },
  );
}

function named(groups: Readonly<Record<string, unknown>>, name: string): unknown {
  return Object.hasOwn(groups, name) ? (groups[name] ?? '') : undefined;
}
