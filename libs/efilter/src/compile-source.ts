import type { SelectNode } from './ast.js';
import { compileHostCall } from './compile-call.js';
import type { Compiler, Scope, Thunk } from './scope.js';

/** A source as a SELECT reads it. */
interface Source {
  readonly thunk: Thunk;
  /** Columns that are there in every row, by declaration, without being written into the rows. */
  readonly declared?: ReadonlySet<string>;
}

/**
 * The source of a SELECT. Where only columns of a host's rows are seen, and never the rows themselves, those that the
 * source declares need not be completed in each row.
 */
export function compileSource(compiler: Compiler, node: SelectNode, scope: Scope | null): Source {
  const { from, columns, star } = node;
  if (columns === undefined || star === true || from.kind !== 'call') return { thunk: compiler.compile(from, scope) };
  const { functions } = compiler.environment;
  const host = Object.hasOwn(functions, from.name) ? functions[from.name] : undefined;
  if (host?.columns === undefined || host.kind !== 'source' || isBound(scope, from.name)) {
    return { thunk: compiler.compile(from, scope) };
  }
  const { name, kind, params, columns: declared } = host;
  const bare = { name, kind, ...(params === undefined ? {} : { params }), call: host.call.bind(host) };
  return { thunk: compileHostCall(compiler, bare, from, scope), declared: new Set(declared) };
}

function isBound(scope: Scope | null, name: string): boolean {
  for (let at = scope; at !== null; at = at.outer) if (at.kind === 'names' && at.slots.has(name)) return true;
  return false;
}
