import { freeze, type Expression, type Query, type SelectNode } from './ast.js';
import { conjunctsOf, joined } from './conjuncts.js';
import { parse } from './parser.js';
import { print } from './printer.js';
import { quoted, SqlTranslator, type CellSql, type Resolve, type Sql } from './sql-expression.js';
import { walk } from './visitor.js';

/** One table of a SQLite database, as a query names it: `FROM name` or `FROM name()`. */
export interface TableSchema {
  readonly table: string;
  /** All its columns, in order. A column may hold values of any kind. */
  readonly columns: readonly string[];
  /** What the rows are ordered by when a query says nothing; `rowid` unless given. */
  readonly rowOrder?: string;
  /**
   * Whether all its texts are known to be well-formed UTF-8, as those are that JavaScript wrote. Comparisons that would
   * tell malformed ones apart from what they are read as are left to the evaluator otherwise, and so are orders by
   * columns.
   */
  readonly wellFormed?: boolean;
}

/** What of a query SQLite can answer, and what remains. */
export interface SqlPlan {
  /** A SELECT of SQLite. */
  readonly sql: string;
  /** The values of its `?`, in order. */
  readonly params: readonly (number | string | null)[];
  /** The query to evaluate over the rows that the SQL yields, in place of the table; absent when they are the answer. */
  readonly rest?: Query;
}

/** What of a SELECT went into SQL. */
interface Pushed {
  readonly where: readonly Sql[];
  readonly order: readonly string[];
  readonly orderParams: readonly (number | string | null)[];
  readonly limit: readonly number[];
  readonly columns: string;
}

/**
 * Compiles the part of a query that means the same in SQL: the leading conditions of WHERE that compare columns and
 * literals, and, where all of it is pushed, ORDER BY, LIMIT and plain columns. What remains is a query over the SQL's
 * rows. A query of another form, or one that names the table twice, gets the whole table.
 * @throws EfilterError of kind `parse` for a malformed text
 */
export function toSql(query: Query | string, schema: TableSchema): SqlPlan {
  const { root, text } = typeof query === 'string' ? parse(query) : query;
  const rowOrder = quoted(schema.rowOrder ?? 'rowid');
  const everything = schema.columns.map(quoted).join(', ');
  const whole: Pushed = { where: [], order: [rowOrder], orderParams: [], limit: [], columns: everything };
  const remaining = (rest: Expression): Query => {
    const printed = print({ text, root: rest });
    return { text: printed, root: parse(printed).root };
  };
  if (timesNamed(root, schema.table) !== 1) return { ...assemble(whole, schema), rest: freeze({ text, root }) };
  if (root.kind === 'any' && isTable(root.rows, schema) && root.condition !== undefined) {
    const { pushed, rest } = split(
      root.condition,
      translatorFor(schema, (name) => columnOf(name, schema)),
    );
    const { condition: _whole, ...bare } = root;
    const remains = rest === undefined ? bare : { ...bare, condition: rest };
    return { ...assemble({ ...whole, where: pushed }, schema), rest: remaining(remains) };
  }
  if (root.kind !== 'select' || !isTable(root.from, schema)) {
    return { ...assemble(whole, schema), rest: freeze({ text, root }) };
  }
  const { pushed, rest } = pushSelect(root, schema, whole);
  return { ...assemble(pushed, schema), ...(rest === undefined ? {} : { rest: remaining(rest) }) };
}

/** What of a bare condition SQL can decide for each row, and what remains. */
export interface ConditionPlan {
  /** An expression of SQLite that is 0 or 1, with the values of its `?`, in order; absent when there is none. */
  readonly pushed?: { readonly sql: string; readonly params: readonly (number | string | null)[] };
  /** The condition to evaluate for the rows where `pushed` is 1; absent when that decides all. */
  readonly rest?: Query;
}

/**
 * Compiles the leading part of a bare condition such as `pid > 100 and name =~ 'x'` that means the same in SQL.
 * @param clause the condition
 * @param columnOf the SQL that yields a column as the condition sees it, its texts possibly malformed; undefined for a
 * name that SQL has not
 * @param mostParams no more values are bound
 */
export function conditionToSql(
  { root, text }: Query,
  columnOf: (name: string) => CellSql | undefined,
  mostParams: number,
): ConditionPlan {
  const translator = new SqlTranslator(columnOf, false);
  const conjuncts = conjunctsOf(root);
  const pushed: Sql[] = [];
  let bound = 0;
  for (const conjunct of conjuncts) {
    const translated = translator.condition(conjunct);
    bound += translated?.params.length ?? 0;
    if (translated === undefined || bound > mostParams) break;
    pushed.push(translated);
  }
  const rest = joined(conjuncts.slice(pushed.length));
  const sql = pushed.map((part) => part.text).join(' AND ');
  return {
    ...(pushed.length === 0 ? {} : { pushed: { sql, params: pushed.flatMap(({ params }) => params) } }),
    ...(rest === undefined ? {} : { rest: freeze({ text, root: rest }) }),
  };
}

function translatorFor({ wellFormed }: TableSchema, resolve: Resolve): SqlTranslator {
  return new SqlTranslator(resolve, wellFormed === true);
}

function pushSelect(node: SelectNode, schema: TableSchema, whole: Pushed): { pushed: Pushed; rest?: SelectNode } {
  const columns = node.columns ?? [];
  const translator = translatorFor(schema, (name) => inTail(name, columns.length, node, schema));
  const { pushed: where, rest: condition } =
    node.where === undefined ? { pushed: [], rest: undefined } : split(node.where, translator);
  const { where: _where, orderBy, limit, offset, ...head } = node;
  const later = { ...(orderBy && { orderBy }), ...(limit && { limit }), ...(offset && { offset }) };
  let pushed: Pushed = { ...whole, where };
  if (condition !== undefined || node.groupBy !== undefined) {
    return { pushed, rest: { ...head, ...later, ...(condition && { where: condition }) } };
  }
  if (orderBy !== undefined) {
    const items = orderBy.key.kind === 'list' ? orderBy.key.items : [orderBy.key];
    const keys = items.map((item) => translator.key(item));
    if (!keys.every((key) => key !== undefined)) return { pushed, rest: { ...head, ...later } };
    const direction = orderBy.descending ? ' DESC' : '';
    pushed = {
      ...pushed,
      order: [...keys.map((key) => key.text), ...whole.order].map((key) => key + direction),
      orderParams: keys.flatMap((key) => key.params),
    };
  }
  const counts = countsOf(limit, offset);
  if (counts === undefined) return { pushed, rest: { ...head, ...(limit && { limit }), ...(offset && { offset }) } };
  pushed = { ...pushed, limit: counts };
  if (node.columns === undefined) return { pushed };
  const list = columns.map(({ value, name }, index) => {
    const column = translatorFor(schema, (word) => inColumn(word, index, node, schema)).column(value);
    return column === undefined ? undefined : `${quoted(column)} AS ${quoted(name)}`;
  });
  if (node.star === true || list.includes(undefined)) return { pushed, rest: head };
  return { pushed: { ...pushed, columns: list.join(', ') } };
}

/** LIMIT and OFFSET as SQL takes them, none for none; undefined when they are not plain counts. */
function countsOf(limit: Expression | undefined, offset: Expression | undefined): number[] | undefined {
  const counts: number[] = [];
  for (const node of [limit, offset]) {
    if (node === undefined) break;
    if (node.kind !== 'literal' || typeof node.value !== 'number') return undefined;
    if (!Number.isSafeInteger(node.value) || node.value < 0) return undefined;
    counts.push(node.value);
  }
  return counts;
}

function assemble({ where, order, orderParams, limit, columns }: Pushed, schema: TableSchema): Omit<SqlPlan, 'rest'> {
  const conditions = where.length === 0 ? '' : ` WHERE ${where.map(({ text }) => text).join(' AND ')}`;
  const bounds = limit.length === 0 ? '' : limit.length === 1 ? ' LIMIT ?' : ' LIMIT ? OFFSET ?';
  return {
    sql: `SELECT ${columns} FROM ${quoted(schema.table)}${conditions} ORDER BY ${order.join(', ')}${bounds}`,
    params: [...where.flatMap(({ params }) => params), ...orderParams, ...limit],
  };
}

/** The leading conditions that SQL can decide, and the conjunction of those that remain. */
function split(condition: Expression, translator: SqlTranslator): { pushed: Sql[]; rest?: Expression } {
  const conjuncts = conjunctsOf(condition);
  const pushed: Sql[] = [];
  for (const [index, conjunct] of conjuncts.entries()) {
    const translated = translator.condition(conjunct);
    const rest = joined(conjuncts.slice(index));
    if (translated === undefined) return rest === undefined ? { pushed } : { pushed, rest };
    pushed.push(translated);
  }
  return { pushed };
}

type Found = { readonly column: string } | { readonly alias: Expression } | undefined;

function columnOf(name: string, schema: TableSchema): Found {
  return schema.columns.includes(name) ? { column: name } : undefined;
}

/** In WHERE and ORDER BY the names given by AS hide columns; an alias that sees another alias is left to the evaluator. */
function inTail(name: string, before: number, node: SelectNode, schema: TableSchema): Found {
  const columns = (node.columns ?? []).slice(0, before);
  const alias = columns.findLast((column) => column.explicit && column.name === name);
  if (alias === undefined) return columnOf(name, schema);
  const others = columns.filter((column) => column.explicit && column !== alias).map((column) => column.name);
  return mentionsAny(alias.value, [...others, name])
    ? plainly(alias.value, name, others, schema)
    : { alias: alias.value };
}

/** `pid as pid`: the alias is the column of its own name. */
function plainly(value: Expression, name: string, others: readonly string[], schema: TableSchema): Found {
  if (value.kind !== 'variable' || value.name !== name || others.includes(name)) return undefined;
  return columnOf(name, schema);
}

/** In a column the columns before it hide those of the table. */
function inColumn(name: string, index: number, node: SelectNode, schema: TableSchema): Found {
  const earlier = (node.columns ?? []).slice(0, index).some((column) => column.name === name);
  const same = (node.columns ?? [])
    .slice(0, index)
    .every((column) => column.name !== name || (column.value.kind === 'variable' && column.value.name === name));
  return earlier && !same ? undefined : columnOf(name, schema);
}

function mentionsAny(node: Expression, names: readonly string[]): boolean {
  let found = false;
  walk(node, (part) => {
    found ||= part.kind === 'variable' && names.includes(part.name);
  });
  return found;
}

function isTable(node: Expression, { table }: TableSchema): boolean {
  if (node.kind === 'call') return node.name === table && node.arguments.length === 0;
  return node.kind === 'variable' && node.name === table;
}

function timesNamed(root: Expression, table: string): number {
  let times = 0;
  walk(root, (node) => {
    if ((node.kind === 'call' || node.kind === 'variable') && node.name === table) times += 1;
  });
  return times;
}
