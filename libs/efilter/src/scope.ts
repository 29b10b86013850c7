import type { Expression } from './ast.js';
import type { Environment } from './environment.js';
import type { Limits, Meter } from './limits.js';
import type { RegexCache } from './regex.js';
import type { LibraryFunction } from './stdlib/library.js';
import type { Row, Value } from './values.js';

/** A function bound to a name by `let`; it can only be called. */
export class FunctionValue {
  constructor(readonly name: string) {}
}

/** What the names of one scope are bound to while the query runs. Frames follow the nesting of the scopes. */
export class Frame {
  /** Whether the row is a plain object, whose members of ordinary names are its own. */
  plain: boolean;

  constructor(
    /** The row, if the scope is one of rows that have columns. A loop whose body keeps no frame sets one row after another. */
    public row: Row | null,
    /** The values of the scope's own names, by slot. */
    readonly slots: (Value | FunctionValue)[],
    readonly outer: Frame | null,
  ) {
    this.plain = row !== null && Object.getPrototypeOf(row) === Object.prototype;
  }

  /** The next row of a loop; `check` is asked about what is no plain object. */
  turnTo(value: Value, check: (value: Value) => Row | null): this {
    if (typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype) {
      this.row = value as Row;
      this.plain = true;
    } else {
      this.row = check(value);
      this.plain = false;
    }
    return this;
  }
}

/** A compiled expression. */
export type Thunk = (frame: Frame | null) => Value;

/** The names of one level, known before the query runs, except for the columns of a row. */
export type Scope =
  /** Columns that the source declares are there in every row, if only as null. */
  | { readonly kind: 'row'; readonly outer: Scope | null; readonly declared?: ReadonlySet<string> }
  /** `let` bindings and earlier columns of a SELECT: name to slot. */
  | { readonly kind: 'names'; readonly slots: ReadonlyMap<string, number>; readonly outer: Scope | null }
  /**
   * A name given by AS as the WHERE of its SELECT sees it: the expression, read in the outer scope, stands for the
   * name. It has no frame of its own.
   */
  | { readonly kind: 'alias'; readonly name: string; readonly value: Expression; readonly outer: Scope | null };

/** What the parts of the compiler share. */
export interface Compiler {
  readonly environment: Environment;
  readonly library: ReadonlyMap<string, LibraryFunction>;
  readonly meter: Meter;
  readonly limits: Limits;
  readonly regexes: RegexCache;
  /** Aliases compiled so far, so that aliases of aliases do not multiply. */
  readonly aliases: WeakMap<Scope, Thunk>;
  /** Becomes true once a SELECT made a row that holds more than scalars. */
  nested: boolean;
  /** The time of the evaluation, in seconds since 1970. */
  readonly epoch: number;
  readonly compile: (node: Expression, scope: Scope | null) => Thunk;
  /** The same, where `compiler` compiles the parts. */
  readonly compileWith: (compiler: Compiler, node: Expression, scope: Scope | null) => Thunk;
}

/** The scope without the aliases of enclosing SELECTs, which a sub-select does not see. */
export function withoutAliases(scope: Scope | null): Scope | null {
  if (scope === null) return null;
  const outer = withoutAliases(scope.outer);
  if (scope.kind === 'alias') return outer;
  return outer === scope.outer ? scope : { ...scope, outer };
}

/** The frame `hops` levels out. */
export function ancestor(frame: Frame | null, hops: number): Frame | null {
  let at = frame;
  for (let count = 0; count < hops; count += 1) at = at === null ? null : at.outer;
  return at;
}
