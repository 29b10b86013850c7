import { evalError } from './errors.js';
import type { Limits } from './limits.js';
import type { Span } from './source.js';
import { findDanger } from './regex-safety.js';

/** A pattern ready for use. */
export interface Regex {
  /** Whether the pattern is found anywhere in the text. */
  test(text: string, at: Span): boolean;
  /** The text with every match replaced; `\1` and `\g<name>` in the replacement stand for groups. */
  replace(text: string, replacement: string, at: Span): string;
}

const MAX_CACHED = 200;

/** The regular expressions of one evaluation, each compiled once. All are case-insensitive. */
export class RegexCache {
  private readonly known = new Map<string, RegExp>();

  constructor(
    private readonly limits: Limits,
    private readonly look: () => void,
  ) {}

  /** Compiles a pattern; an evaluation error at `at` when it is invalid, too long or could take exponential time. */
  get(pattern: string, at: Span): Regex {
    let regex = this.known.get(pattern);
    if (regex === undefined) {
      regex = compilePattern(pattern, this.limits.patternLength, at);
      if (this.known.size >= MAX_CACHED) this.known.clear();
      this.known.set(pattern, regex);
    }
    const compiled = regex;
    return {
      test: (text, where) => {
        this.check(text, where);
        compiled.lastIndex = 0;
        const found = compiled.test(text);
        if (text.length > 1000) this.look();
        return found;
      },
      replace: (text, replacement, where) => {
        this.check(text, where);
        const result = text.replace(compiled, (...match: unknown[]) => expand(replacement, match, where));
        this.look();
        return result;
      },
    };
  }

  private check(text: string, at: Span): void {
    if (text.length > this.limits.textLength) {
      throw evalError(
        `A text of ${text.length} characters is too long to be searched (at most ${this.limits.textLength}).`,
        at,
      );
    }
  }
}

/**
 * A pattern, written as Python or JavaScript writes it, as a RegExp with the flags `g`, `i` and, where it compiles so, `u`.
 * @throws EfilterError of kind `eval`
 */
export function compilePattern(pattern: string, maxLength: number, at: Span): RegExp {
  if (pattern.length > maxLength) {
    throw evalError(`The regular expression is longer than ${maxLength} characters.`, at);
  }
  const danger = findDanger(pattern);
  if (danger !== undefined) throw evalError(`The regular expression is refused: ${danger}.`, at);
  const { source, flags } = translate(pattern);
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
