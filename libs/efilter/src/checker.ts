import type { BinaryNode, CallNode, Expression, Query, SelectNode } from './ast.js';
import { isAggregate } from './aggregates.js';
import { checkArguments } from './checker-arguments.js';
import { columnsOf, kindIn, type Columns, type Known } from './checker-columns.js';
import { clashOf, kindOfBinary, type Kind } from './checker-kinds.js';
import type { ColumnKind, Environment } from './environment.js';
import { EfilterError } from './errors.js';
import { DEFAULT_LIMITS } from './limits.js';
import { parse } from './parser.js';
import { compilePattern, NATIVE_REGEX } from './regex.js';
import type { Span } from './span.js';
import { isTypeName } from './stdlib/conversion.js';
import { LIBRARY } from './stdlib/index.js';
import type { LibraryFunction } from './stdlib/library.js';
import { chainOf, childrenOf, walk } from './visitor.js';

/** What is wrong, or probably wrong, with a query before it runs. */
export interface Diagnostic extends Span {
  /**
   * `error`: evaluation of this part fails. `warning`: it fails unless rows carry more than their source declares, or
   * it can never be true for values of the kinds that stand there.
   */
  readonly severity: 'error' | 'warning';
  readonly message: string;
}

/** The columns of a row with what they hold; undefined where that is not known. */
export type RowColumns = Readonly<Record<string, ColumnKind | undefined>>;

/**
 * Looks for mistakes without calling any source: malformed text, unknown functions and sources, arguments that do not
 * fit, names that nothing binds, regular expressions that will be refused. The order is that of the text.
 * @param row for a bare condition such as `st_size > 100`: all columns of the rows that it is about
 */
export function check(query: Query | string, env: Environment, row?: RowColumns): readonly Diagnostic[] {
  let parsed: Query;
  try {
    parsed = typeof query === 'string' ? parse(query) : query;
  } catch (error) {
    if (!(error instanceof EfilterError)) throw error;
    return [{ severity: 'error', message: error.message, start: error.start, end: error.end }];
  }
  const checker = new Checker(env);
  checker.visit(parsed.root, row === undefined ? [] : [{ row: new Map(Object.entries(row)), exact: true }]);
  return checker.found.sort((left, right) => left.start - right.start);
}

/** The functions and sources that a query calls, without those of the library; each once, in order of appearance. */
export function sourcesOf(query: Query | string): readonly string[] {
  const { root } = typeof query === 'string' ? parse(query) : query;
  const names = new Set<string>();
  walk(root, (node) => {
    if (node.kind === 'call' && !LIBRARY.has(node.name)) names.add(node.name);
  });
  return [...names];
}

class Checker {
  readonly found: Diagnostic[] = [];
  /** How many grouped SELECTs have their columns around the place at hand. */
  private grouped = 0;

  constructor(private readonly env: Environment) {}

  visit(node: Expression, scope: readonly Known[]): void {
    switch (node.kind) {
      case 'variable':
        this.variable(node.name, node, scope);
        return;
      case 'call':
        this.call(node, scope);
        this.children(node, scope);
        return;
      case 'map':
      case 'filter':
      case 'sort':
      case 'each':
      case 'foreach':
        this.visit(node.rows, scope);
        this.visit(node.body, this.withRow(node.rows, scope));
        return;
      case 'any':
        this.visit(node.rows, scope);
        if (node.condition !== undefined) this.visit(node.condition, this.withRow(node.rows, scope));
        return;
      case 'cast':
      case 'isa':
        this.visit(node.value, scope);
        if (node.type.kind !== 'variable' || !isTypeName(node.type.name)) {
          this.report('error', 'This is not a type: the types are int, float, str and bytes.', node.type);
        }
        return;
      case 'let': {
        const names = new Map<string, Columns>();
        const kinds = new Map<string, Kind | undefined>();
        const inner = [...scope, { names, kinds }];
        for (const { name, value } of node.bindings) {
          if (value.kind !== 'variable' || !this.isFunction(value.name)) this.visit(value, inner);
          const [columns, kind] = [columnsOf(value, inner, this.env), kindIn(value, inner, this.env)];
          names.set(name, columns);
          kinds.set(name, kind);
        }
        this.visit(node.body, inner);
        return;
      }
      case 'bind': {
        const names = new Map<string, undefined>();
        const inner = [...scope, { names }];
        for (const { key, value } of node.entries) {
          if (key === undefined) this.report('error', 'bind takes name: value pairs.', value);
          else this.visit(key, inner);
          this.visit(value, inner);
          if (key?.kind === 'literal' && typeof key.value === 'string') names.set(key.value, undefined);
        }
        return;
      }
      case 'select':
        this.select(node, scope);
        return;
      case 'binary':
        this.chain(node, scope);
        return;
      case 'literal':
      case 'null':
      case 'unary':
      case 'member':
      case 'subscript':
      case 'slice':
      case 'pair':
      case 'repeat':
      case 'list':
      case 'if':
        this.children(node, scope);
    }
  }

  private chain(node: BinaryNode, scope: readonly Known[]): void {
    const { first, links } = chainOf(node);
    this.visit(first, scope);
    let left = kindIn(first, scope, this.env);
    for (const { operator, right: node, start, end } of links) {
      if (operator === '=~') this.pattern(node);
      this.visit(node, scope);
      const right = kindIn(node, scope, this.env);
      const clash = clashOf(operator, left, right);
      if (clash !== undefined) this.report('warning', clash, { start, end });
      if (operator === '=~' && right !== undefined && right !== 'string') {
        this.report('error', 'The right side of =~ must be a string: a regular expression.', node);
      }
      left = kindOfBinary(operator, left, right);
    }
  }

  private children(node: Expression, scope: readonly Known[]): void {
    for (const child of childrenOf(node)) this.visit(child, scope);
  }

  private report(severity: Diagnostic['severity'], message: string, { start, end }: Span): void {
    this.found.push({ severity, message, start, end });
  }

  private withRow(rows: Expression, scope: readonly Known[]): readonly Known[] {
    return [...scope, { row: columnsOf(rows, scope, this.env) }];
  }

  private select(node: SelectNode, scope: readonly Known[]): void {
    this.visit(node.from, scope);
    const inRow = this.withRow(node.from, scope);
    const names = new Map<string, undefined>();
    const kinds = new Map<string, Kind | undefined>();
    const aliases = new Map<string, undefined>();
    this.grouped += node.groupBy === undefined ? 0 : 1;
    const inner = [...inRow, { names, kinds }]; // each column sees those before it
    for (const { name, value, explicit } of node.columns ?? []) {
      this.visit(value, inner);
      names.set(name, undefined);
      kinds.set(name, kindIn(value, inner, this.env));
      if (explicit) aliases.set(name, undefined);
    }
    this.grouped -= node.groupBy === undefined ? 0 : 1;
    const inTail = [...inRow, { names: aliases, kinds }];
    for (const key of node.groupBy ?? []) this.visit(key, inTail);
    if (node.where !== undefined) this.visit(node.where, inTail);
    if (node.orderBy !== undefined) {
      this.grouped += node.groupBy === undefined ? 0 : 1;
      this.visit(node.orderBy.key, node.groupBy === undefined ? inTail : [...inTail, { names, kinds }]);
      this.grouped -= node.groupBy === undefined ? 0 : 1;
    }
    for (const count of [node.limit, node.offset]) {
      if (count === undefined) continue;
      this.visit(count, [...scope, { names: aliases, kinds }]);
      const kind = kindIn(count, scope, this.env);
      const bad = count.kind === 'literal' && typeof count.value === 'number' && !Number.isSafeInteger(count.value);
      if (bad || (kind !== undefined && kind !== 'number')) {
        this.report('error', 'LIMIT and OFFSET are whole numbers from 0 up.', count);
      }
    }
  }

  private variable(name: string, at: Span, scope: readonly Known[]): void {
    let inRow = false;
    for (const known of scope) {
      if ('names' in known ? known.names.has(name) : known.row === undefined || known.row.has(name)) return;
      inRow ||= 'row' in known && known.exact !== true;
    }
    if (this.env.variables !== undefined && Object.hasOwn(this.env.variables, name)) return;
    if (this.isFunction(name)) this.report('error', `${name} is a function and must be called: ${name}(...).`, at);
    else if (inRow) this.report('warning', `No source here declares a column named ${name}.`, at);
    else this.report('error', `There is no variable named ${name}.`, at);
  }

  private isFunction(name: string): boolean {
    return Object.hasOwn(this.env.functions, name) || LIBRARY.has(name);
  }

  private call(node: CallNode, scope: readonly Known[]): void {
    const { name } = node;
    if (scope.some((known) => 'names' in known && known.names.has(name))) return;
    if (this.grouped > 0 && isAggregate(name)) {
      const most = name === 'count' && node.arguments.length === 0 ? 0 : 1;
      if (node.arguments.length !== most) this.report('error', `${name} takes 1 argument in a grouped SELECT.`, node);
      return;
    }
    const host = Object.hasOwn(this.env.functions, name) ? this.env.functions[name] : undefined;
    const library = LIBRARY.get(name);
    if (host === undefined && library === undefined) {
      this.report('error', `There is no function or source named ${name}.`, node.nameSpan);
      return;
    }
    for (const { message, at } of checkArguments(node, host, library, (value) => kindIn(value, scope, this.env))) {
      this.report('error', message, at);
    }
    const pattern = host === undefined && library !== undefined ? patternOf(node, library) : undefined;
    if (pattern !== undefined) this.pattern(pattern);
  }

  /** A regular expression that is written out can be tried now. */
  private pattern(node: Expression): void {
    if (node.kind !== 'literal' || typeof node.value !== 'string') return;
    try {
      compilePattern(node.value, DEFAULT_LIMITS, node, NATIVE_REGEX);
    } catch (error) {
      if (!(error instanceof EfilterError)) throw error;
      this.report('error', error.message, node);
    }
  }
}

/** The argument of a library function that is a regular expression. */
function patternOf(node: CallNode, { name, params }: LibraryFunction): Expression | undefined {
  const place = params.findIndex((param) => param === 'regex' || param === 'pattern');
  return node.arguments.find(({ keyword }, index) =>
    keyword === undefined ? index === place && name !== 'regex_search' : keyword.name === params[place],
  )?.value;
}
