import type { Argument, BinaryNode, CallNode, Expression, Query, SelectNode } from './ast.js';
import { parameterOf } from './compile-call.js';
import { columnsOf, type Known } from './checker-columns.js';
import type { Environment, HostFunction } from './environment.js';
import { EfilterError } from './errors.js';
import { DEFAULT_LIMITS } from './limits.js';
import { parse } from './parser.js';
import { compilePattern, NATIVE_REGEX } from './regex.js';
import type { Span } from './span.js';
import { isTypeName } from './stdlib/conversion.js';
import { LIBRARY } from './stdlib/index.js';
import { chainOf, childrenOf, walk } from './visitor.js';

/** What is wrong, or probably wrong, with a query before it runs. */
export interface Diagnostic extends Span {
  /** `error`: evaluation of this part fails. `warning`: it fails unless rows carry more than their source declares. */
  readonly severity: 'error' | 'warning';
  readonly message: string;
}

/**
 * Looks for mistakes without calling any source: malformed text, unknown functions and sources, arguments that do not
 * fit, names that nothing binds, regular expressions that will be refused. The order is that of the text.
 */
export function check(query: Query | string, env: Environment): readonly Diagnostic[] {
  let parsed: Query;
  try {
    parsed = typeof query === 'string' ? parse(query) : query;
  } catch (error) {
    if (!(error instanceof EfilterError)) throw error;
    return [{ severity: 'error', message: error.message, start: error.start, end: error.end }];
  }
  const checker = new Checker(env);
  checker.visit(parsed.root, []);
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
        const names = new Map<string, ReadonlySet<string> | undefined>();
        const inner = [...scope, { names }];
        for (const { name, value } of node.bindings) {
          if (value.kind !== 'variable' || !this.isFunction(value.name)) this.visit(value, inner);
          names.set(name, columnsOf(value, inner, this.env));
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
    for (const { operator, right } of links) {
      if (operator === '=~') this.pattern(right);
      this.visit(right, scope);
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
    for (const { name, value } of node.columns ?? []) {
      this.visit(value, [...inRow, { names: new Map(names) }]);
      names.set(name, undefined);
    }
    const aliases = new Map<string, undefined>();
    for (const { name, explicit } of node.columns ?? []) if (explicit) aliases.set(name, undefined);
    const inTail = [...inRow, { names: aliases }];
    if (node.where !== undefined) this.visit(node.where, inTail);
    if (node.orderBy !== undefined) this.visit(node.orderBy.key, inTail);
    for (const count of [node.limit, node.offset]) {
      if (count !== undefined) this.visit(count, [...scope, { names: aliases }]);
    }
  }

  private variable(name: string, at: Span, scope: readonly Known[]): void {
    let inRow = false;
    for (const known of scope) {
      if ('names' in known ? known.names.has(name) : known.row === undefined || known.row.has(name)) return;
      inRow ||= 'row' in known;
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
    const host = Object.hasOwn(this.env.functions, name) ? this.env.functions[name] : undefined;
    const library = LIBRARY.get(name);
    if (host !== undefined) {
      if (host.params !== undefined) this.hostArguments(node, host.params);
    } else if (library === undefined) {
      this.report('error', `There is no function or source named ${name}.`, node.nameSpan);
    } else if (library.variadic !== true) {
      const required = library.required ?? library.params.length;
      const renamed = node.arguments.map((argument) =>
        argument.keyword === undefined
          ? argument
          : { ...argument, keyword: { ...argument.keyword, name: parameterOf(library, argument.keyword.name) } },
      );
      this.hostArguments(
        { ...node, arguments: renamed },
        library.params.map((param, index) => ({ name: param, required: index < required })),
      );
      const pattern = library.params.findIndex((param) => param === 'regex' || param === 'pattern');
      const given = node.arguments.find(({ keyword }, index) =>
        keyword === undefined ? index === pattern && name !== 'regex_search' : keyword.name === library.params[pattern],
      );
      if (pattern >= 0 && given !== undefined) this.pattern(given.value);
    }
  }

  private hostArguments(node: CallNode, params: NonNullable<HostFunction['params']>): void {
    const given = new Set<string>();
    let place = 0;
    for (const argument of node.arguments) {
      const name = argument.keyword?.name ?? params[place++]?.name;
      const problem = this.argumentProblem(node, argument, name, given, params);
      if (problem !== undefined) this.report('error', problem, argument.keyword ?? argument);
      if (name !== undefined) given.add(name);
    }
    for (const param of params) {
      if (param.required === true && param.default === undefined && !given.has(param.name)) {
        this.report('error', `${node.name} needs its argument ${param.name}.`, node);
      }
    }
  }

  private argumentProblem(
    node: CallNode,
    { keyword, value }: Argument,
    name: string | undefined,
    given: ReadonlySet<string>,
    params: NonNullable<HostFunction['params']>,
  ): string | undefined {
    if (keyword === undefined && value.kind === 'pair') return 'The name of an argument must be a bare word.';
    if (name === undefined) return `${node.name} takes ${params.length} arguments, not ${node.arguments.length}.`;
    if (!params.some((param) => param.name === name)) return `${node.name} takes no argument named ${name}.`;
    return given.has(name) ? `${node.name} got its argument ${name} twice.` : undefined;
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
