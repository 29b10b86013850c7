import { evalError } from './errors.js';
import type { Limits } from './limits.js';
import type { Span } from './span.js';
import { dangerOf } from './regex-safety.js';

/** What matches a pattern, made once for each pattern. */
export interface Matcher {
  /** Whether the pattern is found anywhere in the text. */
  test(text: string): boolean;
  /** The text with every match replaced by what `replacement` makes of its groups, the whole match first. */
  replace(
    text: string,
    replacement: (groups: readonly string[], named: Readonly<Record<string, string>>) => string,
  ): string;
}

/** Regular expressions behind one interface, which a host may put another matcher behind. */
export interface RegexEngine {
  /**
   * @param source the pattern in JavaScript's words
   * @param flags of `i`, `m`, `s`
   * @throws SyntaxError when the pattern is malformed
   */
  compile(source: string, flags: string): Matcher;
}

/** A pattern ready for use; both methods refuse a text that is too long. */
export interface Regex {
  /** Whether the pattern is found anywhere in the text. */
  test(text: string, at: Span): boolean;
  /** The text with every match replaced; `\1` and `\g<name>` in the replacement stand for groups. */
  replace(text: string, replacement: string, at: Span): string;
}

const MAX_CACHED = 200;

/** The regular expressions of one evaluation, each compiled once. All are case-insensitive. */
export class RegexCache {
  private readonly known = new Map<string, Regex>();

  constructor(
    private readonly limits: Limits,
    private readonly engine: RegexEngine,
    private readonly look: () => void,
  ) {}

  /** Compiles a pattern; an evaluation error at `at` when it is invalid, too long or could take exponential time. */
  get(pattern: string, at: Span): Regex {
    const known = this.known.get(pattern);
    if (known !== undefined) return known;
    const regex = this.make(compilePattern(pattern, this.limits, at, this.engine));
    if (this.known.size >= MAX_CACHED) this.known.clear();
    this.known.set(pattern, regex);
    return regex;
  }

  private make(matcher: Matcher): Regex {
    const most = this.limits.subjectLength;
    const tooLong = (text: string, at: Span): Error =>
      evalError(`A text of ${text.length} characters is too long for a regular expression (at most ${most}).`, at);
    return {
      test: (text, at) => {
        if (text.length <= LONG_TEXT) return matcher.test(text);
        if (text.length > most) throw tooLong(text, at);
        const found = matcher.test(text);
        this.look();
        return found;
      },
      replace: (text, replacement, at) => {
        if (text.length > most) throw tooLong(text, at);
        const result = matcher.replace(text, (groups, named) => expand(replacement, groups, named, at));
        this.look();
        return result;
      },
    };
  }
}

/** After a text of this length it is worth while to look at the clock. */
const LONG_TEXT = 1_000;

/** JavaScript's own regular expressions, with the flag `u` where the pattern compiles so. */
export const NATIVE_REGEX: RegexEngine = {
  compile(source, flags) {
    const compile = (more: string): RegExp => {
      try {
        return new RegExp(source, `${more}${flags}u`);
      } catch (error) {
        if (!(error instanceof SyntaxError)) throw error;
        return new RegExp(source, more + flags);
      }
    };
    const once = compile('');
    const all = compile('g');
    return {
      test: (text) => once.test(text),
      replace: (text, replacement) =>
        text.replace(all, (...match: unknown[]) => {
          const end = match.findIndex((part) => typeof part === 'number');
          const last = match.at(-1);
          const groups = match.slice(0, end).map((part) => (typeof part === 'string' ? part : ''));
          return replacement(groups, typeof last === 'object' && last !== null ? namedGroups(last) : {});
        }),
    };
  },
};

function namedGroups(groups: object): Record<string, string> {
  return Object.fromEntries(
    Object.entries(groups).map(([name, part]: [string, unknown]) => [name, typeof part === 'string' ? part : '']),
  );
}

/**
 * A pattern as Python or JavaScript writes it, ready to match in any case.
 * @throws EfilterError of kind `eval`
 */
export function compilePattern(pattern: string, limits: Limits, at: Span, engine: RegexEngine): Matcher {
  if (pattern.length > limits.patternLength) {
    throw evalError(`The regular expression is longer than ${limits.patternLength} characters.`, at);
  }
  const { source, flags } = translate(pattern);
  const danger = dangerOf(source, flags.includes('s'));
  if (danger !== undefined) throw evalError(`The regular expression is refused: ${danger}.`, at);
  try {
    return engine.compile(source, flags);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw evalError(`The regular expression is invalid: ${error.message}.`, at, error);
  }
}

/** Python's leading flags, named groups and anchors in the words of JavaScript. */
function translate(pattern: string): { source: string; flags: string } {
  let flags = 'i';
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
function expand(
  replacement: string,
  groups: readonly string[],
  named: Readonly<Record<string, string>>,
  at: Span,
): string {
  const group = (name: string): string => {
    const found = /^\d+$/.test(name) ? groups[Number(name)] : Object.hasOwn(named, name) ? named[name] : undefined;
    if (found === undefined) throw evalError(`The replacement names a group ${name} that the pattern has not.`, at);
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
