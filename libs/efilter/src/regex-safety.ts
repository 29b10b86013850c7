/**
 * What makes a backtracking matcher take exponential time, found in the text of a pattern before it is compiled:
 * - a repeat of varying length inside an unbounded repeat, as in `(a+)+` or `(a?a?)*`;
 * - an unbounded repeat of a choice whose branches can begin alike, as in `(a|aa)*` or `(a|.)*`;
 * - many unbounded repeats beside each other, each of which multiplies the work by the length of the text.
 *
 * A repeat with a bound of more than {@link SMALL_BOUND} counts as unbounded. The check reads the structure alone, so
 * a few harmless patterns are refused too.
 */
const SMALL_BOUND = 20;
const MAX_UNBOUNDED = 8;

/** What was found out about a pattern. */
export interface Examined {
  /** Why it is refused; absent when it is not. */
  readonly danger?: string;
  /** How many unbounded repeats stand beside each other, repeats of groups counted out. */
  readonly repeats: number;
}

interface Group {
  /** Unbounded repeats within. */
  repeats: number;
  /** A repeat within can match texts of different lengths. */
  varying: boolean;
  /** A choice within has branches that can begin alike. */
  ambiguous: boolean;
  /** What each branch begins with, as far as its first atom says; undefined: anything. */
  firsts: (string | undefined)[];
  branchEmpty: boolean;
}

/** Examines a pattern; one that is not well-formed passes, for its compilation fails anyway. */
export function examine(pattern: string): Examined {
  const open: Group[] = [newGroup()];
  let index = 0;
  while (index < pattern.length) {
    const group = open.at(-1);
    if (group === undefined) return { repeats: 0 };
    const char = pattern.charAt(index);
    if (char === '(') {
      open.push(newGroup());
      index += groupPrefix(pattern, index);
      continue;
    }
    if (char === '|') {
      endBranch(group);
      index += 1;
      continue;
    }
    let closed: Group | undefined;
    if (char === ')') {
      endBranch(group);
      open.pop();
      closed = group;
      index += 1;
    } else {
      const length = atomLength(pattern, index);
      noteFirst(group, literalAtom(pattern.slice(index, index + length)));
      index += length;
    }
    const parent = open.at(-1);
    if (parent === undefined) return { repeats: 0 };
    const repeat = repeatAt(pattern, index);
    index += repeat.length;
    const danger = addRepeat(parent, closed, repeat);
    if (danger !== undefined) return { danger, repeats: parent.repeats };
  }
  const repeats = open[0]?.repeats ?? 0;
  return repeats > MAX_UNBOUNDED
    ? { danger: `it has more than ${MAX_UNBOUNDED} unbounded repeats`, repeats }
    : { repeats };
}

/** Adds an atom, or a group that was closed, with its repeat to the group around it. */
function addRepeat(parent: Group, closed: Group | undefined, repeat: Repeat): string | undefined {
  const unbounded = repeat.most > SMALL_BOUND;
  if (closed !== undefined) {
    const { firsts } = closed;
    closed.ambiguous ||= firsts.length > 1 && (firsts.includes(undefined) || new Set(firsts).size < firsts.length);
    noteFirst(parent, firsts.length === 1 ? firsts[0] : undefined);
    if (unbounded && closed.repeats > 0)
      return 'an unbounded repeat inside an unbounded repeat can take exponential time';
    if (unbounded && closed.varying)
      return 'a repeat of varying length inside an unbounded one can take exponential time';
    if (unbounded && closed.ambiguous)
      return 'an unbounded repeat of branches that begin alike can take exponential time';
    parent.repeats += closed.repeats * Math.max(1, Math.min(repeat.most, SMALL_BOUND));
    parent.varying ||= closed.varying;
    parent.ambiguous ||= closed.ambiguous;
  }
  if (unbounded) parent.repeats += 1;
  if (repeat.most !== repeat.least) parent.varying = true;
  return undefined;
}

function newGroup(): Group {
  return { repeats: 0, varying: false, ambiguous: false, firsts: [], branchEmpty: true };
}

function endBranch(group: Group): void {
  noteFirst(group, undefined);
  group.branchEmpty = true;
}

function noteFirst(group: Group, first: string | undefined): void {
  if (!group.branchEmpty) return;
  group.branchEmpty = false;
  group.firsts.push(first);
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

interface Repeat {
  readonly length: number;
  readonly least: number;
  readonly most: number;
}

/** The repeat that stands at `index`; exactly once if there is none. */
function repeatAt(pattern: string, index: number): Repeat {
  const match = /^(?:[*+?]|\{(\d+)(,?)(\d*)\})[?+]?/.exec(pattern.slice(index, index + 40));
  if (match === null) return { length: 0, least: 1, most: 1 };
  const { length } = match[0];
  const sign = match[0].charAt(0);
  if (sign !== '{') return { length, least: sign === '+' ? 1 : 0, most: sign === '?' ? 1 : Infinity };
  const least = Number(match[1]);
  return { length, least, most: match[2] === '' ? least : match[3] === '' ? Infinity : Number(match[3]) };
}
