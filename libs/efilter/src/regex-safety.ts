/**
 * What makes a backtracking matcher take exponential time, found in the text of a pattern before it is compiled:
 * - an unbounded repeat inside an unbounded repeat, as in `(a+)+`;
 * - an unbounded repeat of a choice whose branches can begin alike, as in `(a|aa)*` or `(a|.)*`;
 * - many unbounded repeats beside each other, each of which multiplies the work by the length of the text.
 *
 * A repeat with a bound of more than {@link SMALL_BOUND} counts as unbounded. The check reads the structure alone, so
 * a few harmless patterns are refused too.
 */
const SMALL_BOUND = 20;
const MAX_UNBOUNDED = 12;

interface Group {
  /** An unbounded repeat lies within. */
  repeats: boolean;
  /** What each branch begins with, as far as its first atom says; undefined: anything. */
  firsts: (string | undefined)[];
  branchEmpty: boolean;
}

/** Why the pattern is refused; undefined when it is not. */
export function findDanger(pattern: string): string | undefined {
  const open: Group[] = [newGroup()];
  let unbounded = 0;
  let index = 0;
  while (index < pattern.length) {
    const group = open.at(-1);
    if (group === undefined) return undefined;
    const char = pattern.charAt(index);
    let last: Group | undefined;
    if (char === '(') {
      open.push(newGroup());
      index += groupPrefix(pattern, index);
      continue;
    }
    if (char === ')') {
      open.pop();
      const parent = open.at(-1);
      if (parent === undefined) return undefined;
      noteFirst(parent, group.firsts.length === 1 ? group.firsts[0] : undefined);
      parent.repeats ||= group.repeats;
      last = group;
      index += 1;
    } else if (char === '|') {
      if (group.branchEmpty) group.firsts.push(undefined);
      group.branchEmpty = true;
      index += 1;
      continue;
    } else {
      const length = atomLength(pattern, index);
      noteFirst(group, literalAtom(pattern.slice(index, index + length)));
      index += length;
    }
    const repeat = repeatAt(pattern, index);
    index += repeat.length;
    if (!repeat.unbounded) continue;
    unbounded += 1;
    if (last?.repeats === true) return 'an unbounded repeat inside an unbounded repeat can take exponential time';
    if (last !== undefined && alike(last.firsts))
      return 'an unbounded repeat of branches that begin alike can take exponential time';
    if (unbounded > MAX_UNBOUNDED) return `it has more than ${MAX_UNBOUNDED} unbounded repeats`;
    const parent = open.at(-1);
    if (parent !== undefined) parent.repeats = true;
  }
  return undefined;
}

function newGroup(): Group {
  return { repeats: false, firsts: [], branchEmpty: true };
}

function noteFirst(group: Group, first: string | undefined): void {
  if (!group.branchEmpty) return;
  group.branchEmpty = false;
  group.firsts.push(first);
}

/** Whether two of several branches could begin with the same character. */
function alike(firsts: readonly (string | undefined)[]): boolean {
  return firsts.length > 1 && (firsts.includes(undefined) || new Set(firsts).size < firsts.length);
}

/** `(`, `(?:`, `(?P<name>` and the like: how many characters before the group's content. */
function groupPrefix(pattern: string, index: number): number {
  const match = /^\((?:\?(?:P?<[A-Za-z_]\w*>|<[=!]|[:=!]|[a-z-]*:))?/.exec(pattern.slice(index, index + 80));
  return match?.[0].length ?? 1;
}

function atomLength(pattern: string, index: number): number {
  if (pattern.charAt(index) === '\\') {
    return (
      /^\\(?:u\{[^}]*\}|[pP]\{[^}]*\}|k<[^>]*>|x[\da-fA-F]{2}|u[\da-fA-F]{4}|[\s\S])?/.exec(pattern.slice(index))?.[0]
        .length ?? 1
    );
  }
  if (pattern.charAt(index) !== '[') return 1;
  let at = index + 1;
  if (pattern.charAt(at) === '^') at += 1;
  if (pattern.charAt(at) === ']') at += 1;
  while (at < pattern.length && pattern.charAt(at) !== ']') at += pattern.charAt(at) === '\\' ? 2 : 1;
  return at + 1 - index;
}

/** The character that an atom stands for, in lower case; undefined when it stands for several. */
function literalAtom(atom: string): string | undefined {
  if (atom.length === 1) return /[.^$]/.test(atom) ? undefined : atom.toLowerCase();
  if (/^\\[^\w]$/.test(atom)) return atom.charAt(1);
  return undefined;
}

/** The repeat that stands at `index`. */
function repeatAt(pattern: string, index: number): { length: number; unbounded: boolean } {
  const match = /^(?:[*+?]|\{(\d+)(,?)(\d*)\})[?+]?/.exec(pattern.slice(index, index + 40));
  if (match === null) return { length: 0, unbounded: false };
  const sign = match[0].charAt(0);
  if (sign !== '{') return { length: match[0].length, unbounded: sign !== '?' };
  const least = Number(match[1]);
  const most = match[2] === '' ? least : match[3] === '' ? Infinity : Number(match[3]);
  return { length: match[0].length, unbounded: most > SMALL_BOUND };
}
