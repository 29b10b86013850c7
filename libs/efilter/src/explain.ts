import type { CallNode, Expression, Query } from './ast.js';
import { isAggregate } from './aggregates.js';
import { columnsOf } from './checker-columns.js';
import { conjunctsOf } from './conjuncts.js';
import type { Environment, HostFunction } from './environment.js';
import type { Literal } from './literal.js';
import { parse } from './parser.js';
import { print } from './printer.js';
import type { Span } from './span.js';
import { literalsOf, SqlTranslator } from './sql-expression.js';
import { LIBRARY } from './stdlib/index.js';
import { treeOf } from './tree.js';
import { walk } from './visitor.js';

/** A condition on one column that a source could use to read less. */
export interface Constraint {
  readonly column: string;
  readonly operator: '==' | '<' | '<=' | '>' | '>=' | 'in';
  /** One value, or for `in` a list of them. */
  readonly value: Literal;
}

/** One place where a query reads a source. */
export interface SourceUse extends Span {
  readonly name: string;
  /** The columns that the query looks at, as far as they can be told; undefined when whole rows are passed on. */
  readonly columns: readonly string[] | undefined;
  /** Leading conditions of its WHERE on single columns: every row of the answer meets them. */
  readonly constraints: readonly Constraint[];
  /** Parameters of the source by which `==` and `in` conditions could be passed instead of read past. */
  readonly arguments: Readonly<Record<string, readonly Literal[]>>;
  /** Which conditions of WHERE SQL could decide, if the source were a table, and which remain; as texts. */
  readonly sql: { readonly pushed: readonly string[]; readonly rest: readonly string[] };
}

/** What a query is, without running it. */
export interface Explanation {
  /** The canonical text: parameters are filled in, keywords in capitals. */
  readonly text: string;
  /** The tree, one node a line, indented, each with its place in the text given. */
  readonly tree: string;
  readonly sources: readonly SourceUse[];
  /** Library functions that are called, each once, in order of appearance. */
  readonly functions: readonly string[];
}

/**
 * Explains a query: its tree and canonical text, the sources and columns it uses, and which of its conditions a source
 * or SQL could take over.
 * @throws EfilterError of kind `parse` for a malformed text
 */
export function explain(query: Query | string, env: Environment): Explanation {
  const parsed = typeof query === 'string' ? parse(query) : query;
  const sources: SourceUse[] = [];
  const functions = new Set<string>();
  const read = new Set<Expression>();
  walk(parsed.root, (node) => {
    const over = readingOf(node);
    if (over?.rows.kind === 'call' && isSource(over.rows, env)) {
      read.add(over.rows);
      sources.push(use(over.rows, over, env));
    }
    if (node.kind !== 'call') return;
    if (isSource(node, env)) {
      if (!read.has(node)) sources.push(use(node, { rows: node, whole: true, bodies: [], aliases: [] }, env));
    } else {
      functions.add(node.name);
    }
  });
  sources.sort((left, right) => left.start - right.start);
  return { text: print(parsed), tree: treeOf(parsed.root), sources, functions: [...functions] };
}

/** How a node reads rows: what of them it looks at. */
interface Reading {
  readonly rows: Expression;
  /** Whether whole rows are passed on. */
  readonly whole: boolean;
  readonly bodies: readonly Expression[];
  readonly where?: Expression;
  /** Names that stand for something else than columns of the source. */
  readonly aliases: readonly string[];
}

function readingOf(node: Expression): Reading | undefined {
  switch (node.kind) {
    case 'select': {
      const { columns, where, groupBy, orderBy } = node;
      const values = (columns ?? []).map(({ value }) => value);
      return {
        rows: node.from,
        whole: columns === undefined || node.star === true,
        bodies: [...values, ...(where ? [where] : []), ...(groupBy ?? []), ...(orderBy ? [orderBy.key] : [])],
        aliases: (columns ?? []).filter(({ explicit }) => explicit).map(({ name }) => name),
        ...(where && { where }),
      };
    }
    case 'any':
      return {
        rows: node.rows,
        whole: false,
        bodies: node.condition === undefined ? [] : [node.condition],
        aliases: [],
        ...(node.condition && { where: node.condition }),
      };
    case 'filter':
      return { rows: node.rows, whole: true, bodies: [node.body], where: node.body, aliases: [] };
    case 'sort':
      return { rows: node.rows, whole: true, bodies: [node.body], aliases: [] };
    case 'map':
    case 'each':
    case 'foreach':
      return { rows: node.rows, whole: false, bodies: [node.body], aliases: [] };
    default:
      return undefined;
  }
}

function isSource({ name }: CallNode, env: Environment): boolean {
  const host = hostOf(name, env);
  return host === undefined ? !LIBRARY.has(name) && !isAggregate(name) : host.kind === 'source';
}

function hostOf(name: string, env: Environment): HostFunction | undefined {
  return Object.hasOwn(env.functions, name) ? env.functions[name] : undefined;
}

function use(call: CallNode, reading: Reading, env: Environment): SourceUse {
  const declared = columnsOf(call, [], env);
  const isColumn = (name: string): boolean =>
    !reading.aliases.includes(name) && (declared === undefined || declared.has(name));
  const conditions = reading.where === undefined ? [] : conjunctsOf(reading.where);
  const constraints: Constraint[] = [];
  for (const condition of conditions) {
    const constraint = constraintOf(condition, isColumn);
    if (constraint === undefined) break;
    constraints.push(constraint);
  }
  const translator = new SqlTranslator((name) => (isColumn(name) ? { column: name } : undefined), true);
  const first = conditions.findIndex((condition) => translator.condition(condition) === undefined);
  const pushed = first < 0 ? conditions : conditions.slice(0, first);
  const text = (root: Expression): string => print({ text: '', root });
  return {
    name: call.name,
    columns: reading.whole ? undefined : columnsIn(reading, declared),
    constraints,
    arguments: argumentsOf(call, constraints, env),
    sql: { pushed: pushed.map(text), rest: conditions.slice(pushed.length).map(text) },
    start: call.start,
    end: call.end,
  };
}

/** Names in the bodies that are columns; without a declaration every name that is not given by AS. */
function columnsIn(
  { bodies, aliases }: Reading,
  declared: ReadonlyMap<string, unknown> | undefined,
): readonly string[] {
  const names = new Set<string>();
  for (const body of bodies) {
    walk(body, (node) => {
      if (node.kind !== 'variable') return;
      if (declared === undefined ? !aliases.includes(node.name) : declared.has(node.name)) names.add(node.name);
    });
  }
  return [...names];
}

const MIRRORED = { '==': '==', '<': '>', '<=': '>=', '>': '<', '>=': '<=' } as const;

function constraintOf(node: Expression, isColumn: (name: string) => boolean): Constraint | undefined {
  if (node.kind !== 'binary') return undefined;
  const { left, right, operator } = node;
  if (operator === 'in') {
    const value = literalsOf(right);
    if (left.kind !== 'variable' || !isColumn(left.name) || value === undefined) return undefined;
    return { column: left.name, operator, value };
  }
  if (!isMirrored(operator)) return undefined;
  if (left.kind === 'variable' && isColumn(left.name) && right.kind === 'literal') {
    return { column: left.name, operator, value: right.value };
  }
  if (right.kind !== 'variable' || !isColumn(right.name) || left.kind !== 'literal') return undefined;
  return { column: right.name, operator: MIRRORED[operator], value: left.value };
}

function isMirrored(operator: string): operator is keyof typeof MIRRORED {
  return Object.hasOwn(MIRRORED, operator);
}

/** What could be passed to parameters that are for a column and are not given yet. */
function argumentsOf(
  call: CallNode,
  constraints: readonly Constraint[],
  env: Environment,
): Record<string, readonly Literal[]> {
  const { params = [], pushdown = {} } = hostOf(call.name, env) ?? {};
  const positional = call.arguments.filter(({ keyword }) => keyword === undefined).length;
  const free = params.filter(
    ({ name }, index) => index >= positional && !call.arguments.some(({ keyword }) => keyword?.name === name),
  );
  const found: Record<string, readonly Literal[]> = {};
  for (const { column, operator, value } of constraints) {
    if (operator !== '==' && operator !== 'in') continue;
    const param = Object.hasOwn(pushdown, column) ? pushdown[column] : column;
    if (param === undefined || !free.some(({ name }) => name === param) || Object.hasOwn(found, param)) continue;
    found[param] = Array.isArray(value) ? (value as readonly Literal[]) : [value];
  }
  return found;
}
