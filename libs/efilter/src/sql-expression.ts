import type { BinaryNode, BinaryOperator, Expression } from './ast.js';
import { chainOf } from './visitor.js';

/** A piece of SQL with the values of its `?` in order. */
export interface Sql {
  readonly text: string;
  readonly params: readonly (number | string | null)[];
  /** Whether it is a REAL or NULL, whatever the columns hold. */
  readonly numeric?: true;
  /** It is never a text, whatever the rows hold. */
  readonly textless?: boolean;
  /** It is one `?`, and what is bound there is of this kind. */
  readonly constant?: 'number' | 'text' | 'null';
}

/** No expression is translated whose SQL is longer, in UTF-16 units. */
const MAX_SQL = 20_000;

/** Nor a chain such as `a == b == c` that is longer. */
const MAX_COMPARISONS = 10;

/** A column as SQL makes it of what is stored. */
export interface CellSql {
  readonly sql: string;
  /** Whether it is never a text. */
  readonly textless?: boolean;
}

/** What a name stands for: an expression given by AS, a column of the table, or what SQL makes of one. */
export type Resolve = (
  name: string,
) => { readonly column: string } | CellSql | { readonly alias: Expression } | undefined;

const NUMBERS = "('integer', 'real')";

/** An identifier of SQL. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function sql(parts: readonly string[], ...values: readonly Sql[]): Sql {
  const text = parts.map((part, index) => part + (values[index]?.text ?? '')).join('');
  return { text, params: values.flatMap(({ params }) => params) };
}

function tag(parts: TemplateStringsArray, ...values: readonly Sql[]): Sql {
  return sql(parts, ...values);
}

function literal(value: number | string | null): Sql {
  const constant = value === null ? 'null' : typeof value === 'number' ? 'number' : 'text';
  return { text: '?', params: [value], constant };
}

/**
 * Translates expressions whose meaning SQL can keep, for values of any kind in any column: SQL's own affinities,
 * collations and three-valued logic are kept out. Every method answers undefined for what has no such translation.
 *
 * SQL compares the bytes of texts, the evaluator what they were read as: where bytes are no UTF-8, U+FFFD. Unless all
 * texts are known to be well-formed, only comparisons that cannot tell the two apart are translated.
 */
export class SqlTranslator {
  /** @param wellFormed whether every text that is stored is well-formed UTF-8 */
  constructor(
    private readonly resolve: Resolve,
    private readonly wellFormed: boolean,
  ) {}

  /** Whether the expression is true, as 0 or 1 and never NULL. */
  condition(node: Expression): Sql | undefined {
    return bounded(this.truth(node));
  }

  private truth(node: Expression): Sql | undefined {
    if (node.kind === 'unary' && node.operator === 'not') {
      const operand = this.condition(node.operand);
      return operand === undefined ? undefined : tag`(NOT ${operand})`;
    }
    if (node.kind === 'binary') {
      if (node.operator === 'and' || node.operator === 'or') return this.logic(node);
      const compared = this.comparison(node);
      if (compared !== undefined) return compared;
    }
    const value = this.scalar(node);
    if (value === undefined) return undefined;
    return tag`(CASE typeof(${value}) WHEN 'null' THEN 0 WHEN 'text' THEN ${value} <> '' WHEN 'blob' THEN 1 ELSE ${value} <> 0 END)`;
  }

  /** The value that rows are ordered by. */
  key(node: Expression): Sql | undefined {
    const value = this.scalar(node);
    return value === undefined || !(this.wellFormed || isTextless(value))
      ? undefined
      : tag`(CASE WHEN typeof(${value}) = 'integer' THEN CAST(${value} AS REAL) ELSE ${value} END) COLLATE BINARY`;
  }

  /** The column of the table that the expression is; undefined for all else. */
  column(node: Expression): string | undefined {
    if (node.kind !== 'variable') return undefined;
    const found = this.resolve(node.name);
    if (found === undefined || 'sql' in found) return undefined;
    return 'column' in found ? found.column : this.column(found.alias);
  }

  private logic(node: BinaryNode): Sql | undefined {
    const { first, links } = chainOf(node);
    const operands: Sql[] = [];
    let length = 0;
    for (const operand of [first, ...links.map(({ right }) => right)]) {
      const translated = this.condition(operand);
      length += translated?.text.length ?? 0;
      if (translated === undefined || length > MAX_SQL) return undefined;
      operands.push(translated);
    }
    const sign = node.operator === 'and' ? ' AND ' : ' OR ';
    return {
      text: `(${operands.map(({ text }) => text).join(sign)})`,
      params: operands.flatMap(({ params }) => params),
    };
  }

  private comparison(node: BinaryNode): Sql | undefined {
    if (chainOf(node).links.length > MAX_COMPARISONS) return undefined;
    const { operator, left, right } = node;
    switch (operator) {
      case '==':
      case '!=': {
        const equal = this.equality(left, right);
        return equal === undefined || operator === '==' ? equal : tag`(NOT ${equal})`;
      }
      case 'in':
      case 'not in': {
        const within = this.membership(left, right);
        return within === undefined || operator === 'in' ? within : tag`(NOT ${within})`;
      }
      case '<':
      case '<=':
      case '>':
      case '>=':
        return this.ordering(left, right, operator);
      default:
        return undefined;
    }
  }

  private equality(left: Expression, right: Expression): Sql | undefined {
    const a = this.scalar(left);
    const b = this.scalar(right);
    return a === undefined || b === undefined || !this.comparable(a, b, true) ? undefined : equal(a, b);
  }

  private ordering(left: Expression, right: Expression, operator: BinaryOperator): Sql | undefined {
    const a = this.scalar(left);
    const b = this.scalar(right);
    if (a === undefined || b === undefined || !this.comparable(a, b, false)) return undefined;
    const sign = { text: operator, params: [] };
    const simple = againstConstant(a, b, sign);
    if (simple !== undefined) return simple;
    return tag`(CASE WHEN ${isNumber(a)} AND ${isNumber(b)} THEN ${real(a)} ${sign} ${real(b)} WHEN ${isText(a)} AND ${isText(b)} THEN ${bare(a)} ${sign} ${bare(b)} ELSE 0 END)`;
  }

  /** In a list of literals: equal to one. In a text that a column holds: a part of it. */
  private membership(needle: Expression, haystack: Expression): Sql | undefined {
    const items = literalsOf(haystack);
    if (items !== undefined) {
      const value = this.scalar(needle);
      if (value === undefined) return undefined;
      return items.every((item) => this.comparable(value, literal(item), true)) ? anyOf(value, items) : undefined;
    }
    if (needle.kind !== 'literal' || typeof needle.value !== 'string') return undefined;
    if (haystack.kind !== 'variable') return undefined;
    const text = this.scalar(haystack);
    if (text === undefined || text.numeric === true || text.params.length > 0) return undefined;
    if (!this.comparable(text, literal(needle.value), true)) return undefined;
    return tag`(CASE WHEN ${isText(text)} THEN instr(${text}, ${literal(needle.value)}) > 0 ELSE 0 END)`;
  }

  /**
   * Whether two values compare as their bytes do. Where a text may be malformed, it equals one that is well-formed and
   * without U+FFFD only if it is the same, and what is not ASCII comes after all that is, read or not.
   */
  private comparable(a: Sql, b: Sql, forEquality: boolean): boolean {
    if (isTextless(a) || isTextless(b)) return true;
    const texts = [a, b].filter(({ constant }) => constant === 'text').map(({ params: [text] }) => String(text));
    if (!texts.every((text) => text.isWellFormed())) return false;
    if (this.wellFormed || texts.length === 2) return true;
    const [text] = texts;
    return text !== undefined && (forEquality ? !text.includes('\uFFFD') : isAscii(text));
  }

  /** A value that is no list: a column, a literal, or what arithmetic makes of them. Truth is 1 or 0. */
  private scalar(node: Expression): Sql | undefined {
    return bounded(this.value(node));
  }

  private value(node: Expression): Sql | undefined {
    switch (node.kind) {
      case 'null':
        return this.resolve(node.name) === undefined ? literal(null) : undefined;
      case 'literal':
        if (typeof node.value === 'boolean') return literal(Number(node.value));
        return node.value === null || typeof node.value !== 'object' ? literal(node.value) : undefined;
      case 'variable': {
        const found = this.resolve(node.name);
        if (found === undefined) return undefined;
        if ('sql' in found) return { text: found.sql, params: [], textless: found.textless === true };
        return 'column' in found ? { text: quoted(found.column), params: [] } : this.scalar(found.alias);
      }
      case 'unary': {
        if (node.operator === 'not') return this.condition(node);
        const operand = this.scalar(node.operand);
        return operand === undefined ? undefined : { ...tag`(-1.0 * ${number(operand)})`, numeric: true };
      }
      case 'binary':
        return this.arithmetic(node) ?? this.comparison(node);
      default:
        return undefined;
    }
  }

  private arithmetic(node: BinaryNode): Sql | undefined {
    if (!/^[-+*/]$/.test(node.operator)) return undefined;
    const { first, links } = chainOf(node);
    let result = this.scalar(first);
    for (const { operator, right } of links) {
      const operand = this.scalar(right);
      if (result === undefined || operand === undefined) return undefined;
      const sign = { text: operator, params: [] };
      result = bounded({ ...tag`(${number(result)} ${sign} ${number(operand)})`, numeric: true });
    }
    return result;
  }
}

function bounded(value: Sql | undefined): Sql | undefined {
  return value === undefined || value.text.length > MAX_SQL ? undefined : value;
}

/** A comparison with a literal, which need not be asked what it is; undefined where neither side is one. */
function againstConstant(a: Sql, b: Sql, sign: Sql): Sql | undefined {
  const other = b.constant === undefined ? b : a;
  switch (b.constant ?? a.constant) {
    case 'number':
      return tag`(CASE WHEN ${isNumber(other)} THEN ${real(a)} ${sign} ${real(b)} ELSE 0 END)`;
    case 'text':
      return tag`(CASE WHEN ${isText(other)} THEN ${bare(a)} ${sign} ${bare(b)} ELSE 0 END)`;
    case 'null':
      // Null is like nothing but null, and has no order.
      return sign.text === '=' ? tag`(typeof(${other}) = 'null')` : { text: '0', params: [] };
    default:
      return undefined;
  }
}

/** Whether a value equals one of many; undefined for so many that no SQL may be that long. */
function anyOf(value: Sql, items: readonly (number | string | null)[]): Sql | undefined {
  const parts: Sql[] = [];
  let length = 0;
  for (const item of items) {
    const part = equal(value, literal(item));
    length += part.text.length;
    if (length > MAX_SQL) return undefined;
    parts.push(part);
  }
  return {
    text: `${'('.repeat(parts.length)}0${parts.map(({ text }) => ` OR ${text})`).join('')}`,
    params: parts.flatMap(({ params }) => params),
  };
}

function equal(a: Sql, b: Sql): Sql {
  const simple = againstConstant(a, b, { text: '=', params: [] });
  if (simple !== undefined) return simple;
  return tag`(CASE WHEN ${isNumber(a)} AND ${isNumber(b)} THEN ${real(a)} = ${real(b)} WHEN ${isText(a)} AND ${isText(b)} THEN ${bare(a)} = ${bare(b)} ELSE typeof(${a}) = 'null' AND typeof(${b}) = 'null' END)`;
}

function isNumber(value: Sql): Sql {
  if (value.numeric === true) return tag`${value} IS NOT NULL`;
  return sql(['typeof(', `) IN ${NUMBERS}`], value);
}

function isText(value: Sql): Sql {
  return tag`typeof(${value}) = 'text'`;
}

/** A number as JavaScript holds it: integers beyond 2^53 are rounded. */
function real(value: Sql): Sql {
  return tag`CAST(${value} AS REAL)`;
}

function isTextless({ numeric, textless, constant }: Sql): boolean {
  return numeric === true || textless === true || constant === 'number' || constant === 'null';
}

function isAscii(text: string): boolean {
  for (let index = 0; index < text.length; index += 1) if (text.charCodeAt(index) > 0x7f) return false;
  return true;
}

/** Without the affinity and collation of a column. */
function bare(value: Sql): Sql {
  return tag`+${value} COLLATE BINARY`;
}

/** The number, or NULL for what is none. */
function number(value: Sql): Sql {
  if (value.numeric === true) return value;
  return sql(['(CASE WHEN ', ' THEN ', ' END)'], isNumber(value), real(value));
}

/** The scalars of a list that is written out. */
export function literalsOf(node: Expression): readonly (number | string | null)[] | undefined {
  const values =
    node.kind === 'literal' && Array.isArray(node.value)
      ? (node.value as readonly unknown[])
      : node.kind === 'list'
        ? node.items.map((item): unknown => (item.kind === 'literal' ? item.value : undefined))
        : [undefined];
  const scalars: (number | string | null)[] = [];
  for (const value of values) {
    if (typeof value === 'boolean') scalars.push(Number(value));
    else if (typeof value === 'number' || typeof value === 'string' || value === null) scalars.push(value);
    else return undefined;
  }
  return scalars;
}
