import type { Expression } from './ast.js';
import { kindOfNode, type Kind } from './checker-kinds.js';
import type { Environment } from './environment.js';
import { LIBRARY } from './stdlib/index.js';

/** Columns with what they hold, where it is known. */
export type Columns = ReadonlyMap<string, Kind | undefined> | undefined;

/** What is known of one scope before the query runs: its names, with the columns of rows, or the columns of its row. */
export type Known =
  | { readonly names: ReadonlyMap<string, Columns>; readonly kinds?: ReadonlyMap<string, Kind | undefined> }
  /** `exact`: no row has a column besides. */
  | { readonly row: Columns; readonly exact?: true };

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
    case 'select': {
      const row = columnsOf(node.from, scope, env);
      if (node.columns === undefined) return row;
      if (node.star === true && row === undefined) return undefined;
      const inner = [...scope, { row }];
      const own = node.columns.map(({ name, value }) => [name, kindIn(value, inner, env)] as const);
      return new Map([...(node.star === true ? (row ?? []) : []), ...own]);
    }
    case 'filter':
    case 'sort':
      return columnsOf(node.rows, scope, env);
    case 'let':
      return undefined;
    case 'call': {
      const passed = node.arguments[PASSING.get(node.name) ?? -1];
      if (passed !== undefined) return passed.keyword === undefined ? columnsOf(passed.value, scope, env) : undefined;
      const host = Object.hasOwn(env.functions, node.name) ? env.functions[node.name] : undefined;
      const kinds = host?.columnKinds ?? {};
      return host?.columns === undefined
        ? undefined
        : new Map(host.columns.map((name) => [name, Object.hasOwn(kinds, name) ? kinds[name] : undefined]));
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

/** The kind of an expression in a scope. */
export function kindIn(node: Expression, scope: readonly Known[], env: Environment): Kind | undefined {
  const library = (name: string): boolean => LIBRARY.has(name) && !Object.hasOwn(env.functions, name);
  const names = (name: string): Kind | undefined => {
    for (const known of scope.toReversed()) {
      if ('names' in known) {
        if (known.names.has(name)) return known.kinds?.get(name);
      } else if (known.row === undefined || known.row.has(name)) {
        return known.row?.get(name);
      }
    }
    return undefined;
  };
  return kindOfNode(node, names, library);
}
