import { homeDirectories } from './homes.js';

/** A glob that cannot be meant: the message says what, where. */
export class GlobError extends Error {
  override readonly name = 'GlobError';
}

/** One part of a glob, between slashes. */
export type Component =
  | { kind: 'literal'; name: string }
  | { kind: 'pattern'; matches: (name: string) => boolean }
  /** `**N`: any directories, at most `depth` of them; also none. */
  | { kind: 'recursive'; depth: number };

/** A glob without alternatives: the parts of an absolute path. */
export type Glob = readonly Component[];

const DEFAULT_RECURSION = 3;
const MAX_RECURSION = 1000;
const MAX_ALTERNATIVES = 1_000;
const HOME = '%%users.homedir%%';

const escapeGlob = (text: string): string => text.replace(/[*?[\]{}\\]/g, String.raw`\$&`);

/** `%%users.homedir%%` becomes each home directory; other names are refused. */
const interpolate = (glob: string): string[] => {
  const unknown = [...glob.matchAll(/%%[^%]*%%/g)].find(([name]) => name !== HOME);
  if (unknown !== undefined) throw new GlobError(`glob ${glob}: unknown ${unknown[0]}; known: ${HOME}`);
  if (!glob.includes(HOME)) return [glob];
  return homeDirectories().map((home) => glob.replaceAll(HOME, escapeGlob(home)).replaceAll('//', '/'));
};

interface Braces {
  from: number;
  to: number;
  choices: string[];
}

/** The first `{a,b}`; braces without a comma stand for themselves. */
const findBraces = (glob: string): Braces | undefined => {
  for (let from = 0; from < glob.length; from++) {
    if (glob[from] === '\\') from += 1;
    else if (glob[from] === '{') {
      const found = closeBraces(glob, from);
      if (found !== undefined && found.choices.length > 1) return found;
    }
  }
  return undefined;
};

const closeBraces = (glob: string, from: number): Braces | undefined => {
  let depth = 0;
  let start = from + 1;
  const choices: string[] = [];
  for (let i = from; i < glob.length; i++) {
    const char = glob[i];
    if (char === '\\') i += 1;
    else if (char === '{') depth += 1;
    else if (char === '}' && --depth === 0) return { from, to: i + 1, choices: [...choices, glob.slice(start, i)] };
    else if (char === ',' && depth === 1) {
      choices.push(glob.slice(start, i));
      start = i + 1;
    }
  }
  return undefined;
};

const expandBraces = (glob: string, out: string[]): void => {
  if (out.length > MAX_ALTERNATIVES) throw new GlobError(`a glob has more than ${MAX_ALTERNATIVES} alternatives`);
  const braces = findBraces(glob);
  if (braces === undefined) out.push(glob);
  else
    for (const choice of braces.choices) expandBraces(glob.slice(0, braces.from) + choice + glob.slice(braces.to), out);
};

const escapeRegex = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/-]/g, String.raw`\$&`);

/** `[...]` from `at` as a class of a regular expression; undefined when it does not end. */
const classAt = (part: string, at: number): { source: string; end: number } | undefined => {
  const negated = part[at + 1] === '!' || part[at + 1] === '^';
  const first = at + (negated ? 2 : 1);
  const end = part.indexOf(']', first + 1);
  if (end < 0) return undefined;
  const body = part.slice(first, end).replace(/[\\[\]^]/g, String.raw`\$&`);
  return { source: `[${negated ? '^' : ''}${body}]`, end };
};

/** Bytes that are no UTF-8 are seen as U+FFFD here, one character each. */
const patternOf = (part: string, glob: string): Component => {
  let source = '';
  let plain = '';
  let isLiteral = true;
  for (let i = 0; i < part.length; i++) {
    const char = part[i] ?? '';
    const found = char === '[' ? classAt(part, i) : undefined;
    if (char === '*' || char === '?' || found !== undefined) {
      isLiteral = false;
      if (found !== undefined) i = found.end;
      source += found?.source ?? (char === '*' ? '.*' : '.');
      continue;
    }
    const literal = char === '\\' && i + 1 < part.length ? (part[++i] ?? '') : char;
    plain += literal;
    source += escapeRegex(literal);
  }
  if (isLiteral) return { kind: 'literal', name: plain };
  return { kind: 'pattern', matches: matcher(part, plain, source, glob) };
};

/** The common shapes need no regular expression. */
const matcher = (part: string, plain: string, source: string, glob: string): ((name: string) => boolean) => {
  if (part === '*') return () => true;
  if (part === `*${plain}`) return (name) => name.endsWith(plain);
  if (part === `${plain}*`) return (name) => name.startsWith(plain);
  let regex: RegExp;
  try {
    regex = new RegExp(`^${source.replaceAll(/(?:\.\*)+/g, '.*')}$`, 'su');
  } catch (error) {
    if (error instanceof SyntaxError) throw new GlobError(`glob ${glob}: ${part} cannot be read`, { cause: error });
    throw error;
  }
  return (name) => regex.test(name);
};

const componentOf = (part: string, glob: string): Component => {
  const recursive = /^\*\*(\d{0,4})$/.exec(part);
  if (recursive === null) return patternOf(part, glob);
  const depth = recursive[1] === '' ? DEFAULT_RECURSION : Number(recursive[1]);
  if (depth > MAX_RECURSION) throw new GlobError(`glob ${glob}: ${part} is deeper than ${MAX_RECURSION}`);
  return { kind: 'recursive', depth };
};

/**
 * Reads a glob: an absolute path with `*`, `?`, `[a-z]`, `[!a]`, `{a,b}`, `**N` (up to N directories deep, 3 without N)
 * and `%%users.homedir%%`; `\` takes the meaning from what follows. Case counts. Gives one for each alternative.
 * @throws GlobError
 */
export const parseGlob = (glob: string): Glob[] => {
  const plain: string[] = [];
  for (const text of interpolate(glob)) expandBraces(text, plain);
  return plain.map((text) => {
    if (!text.startsWith('/')) throw new GlobError(`glob ${glob}: it must be an absolute path`);
    const parts = text.split('/').filter((part) => part !== '' && part !== '.');
    if (parts.includes('..')) throw new GlobError(`glob ${glob}: .. is not allowed`);
    return parts.map((part) => componentOf(part, glob));
  });
};
