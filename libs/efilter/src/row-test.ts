import type { BinaryOperator, CallNode, Expression } from './ast.js';
import { columnOf } from './compile-pair.js';
import { conjunctsOf } from './conjuncts.js';
import type { Literal } from './literal.js';
import type { Regex } from './regex.js';
import type { Compiler, Scope } from './scope.js';
import type { Span } from './span.js';
import type { RowTest } from './values.js';

/** Whether a condition holds for a plain object, told without evaluating it; undefined when that cannot be told so. */
type Verdict = (row: Readonly<Record<string, unknown>>) => boolean | undefined;

/** What a WHERE says of rows of the host before they are looked at in earnest. */
export interface RowTests {
  /** False for a row for which the condition is false. */
  readonly passes: RowTest;
  /** Whether the row that passed last is one for which all of the condition is true. Forgets it. */
  holds(): boolean;
}

/**
 * The leading conditions of a WHERE that compare a column with a literal, for rows that are plain objects: most rows of
 * most queries are told apart by these alone. What fails here (a pattern, a text that is too long) would fail in the
 * evaluation too, and nothing is asked that it would not ask.
 */
export function testsOf(compiler: Compiler, where: Expression | undefined, scope: Scope): RowTests | undefined {
  if (where === undefined) return undefined;
  const conjuncts = conjunctsOf(where);
  const verdicts: Verdict[] = [];
  for (const conjunct of conjuncts) {
    const verdict = verdictOf(compiler, conjunct, scope);
    if (verdict === undefined) break;
    verdicts.push(verdict);
  }
  const [first, second] = verdicts;
  if (first === undefined) return undefined;
  const complete = verdicts.length === conjuncts.length;
  let sure = false;
  const all =
    verdicts.length === 1
      ? first
      : second !== undefined && verdicts.length === 2
        ? both(first, second)
        : every(verdicts);
  return {
    passes: (row) => {
      sure = false;
      if (!isPlain(row)) return true;
      const verdict = all(row);
      if (verdict === false) return false;
      sure = complete && verdict === true;
      return true;
    },
    holds: () => {
      const held = sure;
      sure = false;
      return held;
    },
  };
}

function isPlain(row: unknown): row is Readonly<Record<string, unknown>> {
  return typeof row === 'object' && row !== null && Object.getPrototypeOf(row) === Object.prototype;
}

/** The second is asked only where the first is told to be true, for it may be one that can fail. */
function both(first: Verdict, second: Verdict): Verdict {
  return (row) => {
    const verdict = first(row);
    return verdict === true ? second(row) : verdict;
  };
}

function every(verdicts: readonly Verdict[]): Verdict {
  return (row) => {
    for (const verdict of verdicts) {
      const told = verdict(row);
      if (told !== true) return told;
    }
    return true;
  };
}

function verdictOf(compiler: Compiler, node: Expression, scope: Scope): Verdict | undefined {
  if (node.kind === 'call') return regexSearch(compiler, node, scope);
  if (node.kind !== 'binary' || node.right.kind !== 'literal') return undefined;
  const column = columnOf(node.left, scope);
  const { value } = node.right;
  if (column === undefined) return undefined;
  if (node.operator === '=~')
    return typeof value === 'string' ? matching(compiler, column, value, node.right) : undefined;
  return compared(node.operator, column, value);
}

/** Each reads the column for itself: the engine remembers for each place in the code which member was read there. */
function compared(operator: BinaryOperator, column: string, bound: Literal): Verdict | undefined {
  if (typeof bound === 'string') {
    if (operator === '==')
      return (row) => {
        const value = row[column];
        return typeof value === 'string' ? value === bound : undefined;
      };
    if (operator === '!=')
      return (row) => {
        const value = row[column];
        return typeof value === 'string' ? value !== bound : undefined;
      };
  }
  if (typeof bound !== 'number') return undefined;
  switch (operator) {
    case '==':
      return (row) => {
        const value = row[column];
        return typeof value === 'number' ? value === bound : undefined;
      };
    case '!=':
      return (row) => {
        const value = row[column];
        return typeof value === 'number' ? value !== bound : undefined;
      };
    case '<':
      return (row) => {
        const value = row[column];
        return typeof value === 'number' ? value < bound : undefined;
      };
    case '<=':
      return (row) => {
        const value = row[column];
        return typeof value === 'number' ? value <= bound : undefined;
      };
    case '>':
      return (row) => {
        const value = row[column];
        return typeof value === 'number' ? value > bound : undefined;
      };
    case '>=':
      return (row) => {
        const value = row[column];
        return typeof value === 'number' ? value >= bound : undefined;
      };
    default:
      return undefined;
  }
}

/** `regex_search(column, 'pattern')`, where that is the library's own. */
function regexSearch(compiler: Compiler, node: CallNode, scope: Scope): Verdict | undefined {
  const [value, regex, ...more] = node.arguments;
  if (node.name !== 'regex_search' || value === undefined || regex === undefined || more.length > 0) return undefined;
  if (value.keyword !== undefined || regex.keyword !== undefined || regex.value.kind !== 'literal') return undefined;
  if (Object.hasOwn(compiler.environment.functions, node.name) || isBound(scope, node.name)) return undefined;
  const column = columnOf(value.value, scope);
  const pattern = regex.value.value;
  return column === undefined || typeof pattern !== 'string' ? undefined : matching(compiler, column, pattern, node);
}

/** The pattern is made when the first text is tried, and its errors are those of the evaluation. */
function matching({ regexes }: Compiler, column: string, pattern: string, at: Span): Verdict {
  let regex: Regex | undefined;
  return (row) => {
    const value = row[column];
    if (typeof value !== 'string') return undefined;
    regex ??= regexes.get(pattern, at);
    return regex.test(value, at);
  };
}

function isBound(scope: Scope, name: string): boolean {
  for (let at: Scope | null = scope; at !== null; at = at.outer)
    if (at.kind === 'names' && at.slots.has(name)) return true;
  return false;
}
