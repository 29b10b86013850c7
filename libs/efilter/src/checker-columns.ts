import type { Expression } from './ast.js';
import type { Environment } from './environment.js';

type Columns = ReadonlySet<string> | undefined;

/** What is known of one scope before the query runs: its names, with the columns of rows, or the columns of its row. */
export type Known = { readonly names: ReadonlyMap<string, Columns> } | { readonly row: Columns };

/** Library functions that pass rows through: which argument the rows are. */
const PASSING: ReadonlyMap<string, number> = new Map([
  ['take', 1],
  ['drop', 1],
  ['reverse', 0],
  ['materialize', 0],
  ['first', 0],
]);

/** The columns of the rows that an expression yields; undefined when they are not known. */
export function columnsOf(node: Expression, scope: readonly Known[], env: Environment): Columns {
  switch (node.kind) {
    case 'select':
      if (node.columns === undefined) return columnsOf(node.from, scope, env);
      return new Set(node.columns.map(({ name }) => name));
    case 'filter':
    case 'sort':
      return columnsOf(node.rows, scope, env);
    case 'let':
      return undefined;
    case 'call': {
      const passed = node.arguments[PASSING.get(node.name) ?? -1];
      if (passed !== undefined) return passed.keyword === undefined ? columnsOf(passed.value, scope, env) : undefined;
      const host = Object.hasOwn(env.functions, node.name) ? env.functions[node.name] : undefined;
      return host?.columns === undefined ? undefined : new Set(host.columns);
    }
    case 'variable': {
      for (const known of scope.toReversed()) {
        if ('names' in known && known.names.has(node.name)) return known.names.get(node.name);
        if ('row' in known && (known.row === undefined || known.row.has(node.name))) return undefined;
      }
      return undefined;
    }
    case 'literal':
    case 'null':
    case 'unary':
    case 'binary':
    case 'isa':
    case 'member':
    case 'subscript':
    case 'slice':
    case 'pair':
    case 'repeat':
    case 'list':
    case 'map':
    case 'each':
    case 'foreach':
    case 'any':
    case 'cast':
    case 'bind':
    case 'if':
      return undefined;
  }
}
