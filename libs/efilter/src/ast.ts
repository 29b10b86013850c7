import type { Literal } from './literal.js';
import type { Span } from './span.js';

/** Operators that take two operands. `=` is read as `==`. */
export type BinaryOperator =
  'or' | 'and' | '==' | '!=' | '=~' | 'in' | 'not in' | '<' | '<=' | '>' | '>=' | '+' | '-' | '*' | '/';

/** A number, string or boolean as written, or the value of a parameter. */
export interface LiteralNode extends Span {
  readonly kind: 'literal';
  readonly value: Literal;
}

/** `null` in any case; a variable of that very name goes before it. */
export interface NullNode extends Span {
  readonly kind: 'null';
  readonly name: string;
}

export interface VariableNode extends Span {
  readonly kind: 'variable';
  readonly name: string;
}

/** `not x` or `-x`. */
export interface UnaryNode extends Span {
  readonly kind: 'unary';
  readonly operator: 'not' | '-';
  readonly operand: Expression;
}

export interface BinaryNode extends Span {
  readonly kind: 'binary';
  readonly operator: BinaryOperator;
  readonly left: Expression;
  readonly right: Expression;
}

/** `x isa t`. */
export interface IsaNode extends Span {
  readonly kind: 'isa';
  readonly value: Expression;
  readonly type: Expression;
}

/** `a.b`. */
export interface MemberNode extends Span {
  readonly kind: 'member';
  readonly object: Expression;
  readonly name: string;
}

/** `a[b]`. */
export interface SubscriptNode extends Span {
  readonly kind: 'subscript';
  readonly object: Expression;
  readonly key: Expression;
}

/** `a[b:c]`; either end may be left out. */
export interface SliceNode extends Span {
  readonly kind: 'slice';
  readonly object: Expression;
  readonly from?: Expression;
  readonly to?: Expression;
}

/** `k: v` outside of arguments: the list of both. */
export interface PairNode extends Span {
  readonly kind: 'pair';
  readonly key: Expression;
  readonly value: Expression;
}

/** `(a, b)`: a repeated value. */
export interface RepeatNode extends Span {
  readonly kind: 'repeat';
  readonly items: readonly Expression[];
}

/** `[a, b]`. */
export interface ListNode extends Span {
  readonly kind: 'list';
  readonly items: readonly Expression[];
}

/** One argument of a call; `keyword` is there when it was passed by name. */
export interface Argument extends Span {
  readonly keyword?: { readonly name: string } & Span;
  readonly value: Expression;
}

/** `f(a, k: b)`. */
export interface CallNode extends Span {
  readonly kind: 'call';
  readonly name: string;
  /** The name alone. */
  readonly nameSpan: Span;
  readonly arguments: readonly Argument[];
}

/** `map(rows, body)` and its kin, where the body is evaluated once for each row; `foreach` chains what it yields. */
export interface OverRowsNode extends Span {
  readonly kind: 'map' | 'filter' | 'sort' | 'each' | 'foreach';
  readonly rows: Expression;
  readonly body: Expression;
}

/** `any(rows)`, `any(rows, condition)`, `any rows where condition`. */
export interface AnyNode extends Span {
  readonly kind: 'any';
  readonly rows: Expression;
  readonly condition?: Expression;
}

/** `cast(value, type)`. */
export interface CastNode extends Span {
  readonly kind: 'cast';
  readonly value: Expression;
  readonly type: Expression;
}

/** `bind(k: v, 'l': w)`; a bare word as key was read as its name. An entry without a key is an error when evaluated. */
export interface BindNode extends Span {
  readonly kind: 'bind';
  readonly entries: readonly { readonly key?: Expression; readonly value: Expression }[];
}

/** `if c then a else if d then b else e`. */
export interface IfNode extends Span {
  readonly kind: 'if';
  readonly branches: readonly { readonly condition: Expression; readonly result: Expression }[];
  readonly otherwise?: Expression;
}

/** `let x = a, y = b body`. */
export interface LetNode extends Span {
  readonly kind: 'let';
  readonly bindings: readonly { readonly name: string; readonly value: Expression }[];
  readonly body: Expression;
}

/** One column of a SELECT. */
export interface Column extends Span {
  /** Its name in the result: from AS, guessed, or `column_N`. */
  readonly name: string;
  /** Whether the name was written with AS; only such a name is seen by WHERE, ORDER BY and LIMIT. */
  readonly explicit: boolean;
  readonly value: Expression;
}

export interface SelectNode extends Span {
  readonly kind: 'select';
  /** Absent for `SELECT *` without more. */
  readonly columns?: readonly Column[];
  /** `SELECT *, x AS y`: the columns follow those of the row. */
  readonly star?: true;
  readonly from: Expression;
  readonly where?: Expression;
  /** One row results for each combination of their values. */
  readonly groupBy?: readonly Expression[];
  readonly orderBy?: { readonly key: Expression; readonly descending: boolean };
  readonly limit?: Expression;
  readonly offset?: Expression;
}

/** Any node of a query. Nodes are frozen; their spans are offsets into the query's text. */
export type Expression =
  | LiteralNode
  | NullNode
  | VariableNode
  | UnaryNode
  | BinaryNode
  | IsaNode
  | MemberNode
  | SubscriptNode
  | SliceNode
  | PairNode
  | RepeatNode
  | ListNode
  | CallNode
  | OverRowsNode
  | AnyNode
  | CastNode
  | BindNode
  | IfNode
  | LetNode
  | SelectNode;

/** A parsed query: its text and its tree. */
export interface Query {
  readonly text: string;
  readonly root: Expression;
}

/** The node, frozen together with the arrays and plain records that it holds; without recursion, for trees may be long. */
export function freeze<T extends object>(node: T): T {
  const open: object[] = [node];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const part of Object.values(next) as readonly unknown[]) {
      if (typeof part === 'object' && part !== null && !Object.isFrozen(part)) open.push(part);
    }
    Object.freeze(next);
  }
  return node;
}
