import type { Expression, Query } from '#efilter';
import type { SourceDeclaration } from './declaration.js';

/** What must be known of a source. */
type Pushable = Pick<SourceDeclaration, 'params' | 'pushdown'>;
type Select = Extract<Expression, { kind: 'select' }>;
type Call = Extract<Expression, { kind: 'call' }>;
type Value = Extract<Expression, { kind: 'literal' }>;

/** `column == value` of a condition, also within `and`s: what every row that is kept must fulfil. */
function* equalities(condition: Expression | undefined): Generator<{ column: string; value: Value }> {
  if (condition?.kind !== 'binary') return;
  const { operator, left, right } = condition;
  if (operator === 'and') {
    yield* equalities(left);
    yield* equalities(right);
  }
  if (operator !== '==') return;
  if (left.kind === 'variable' && right.kind === 'literal') yield { column: left.name, value: right };
  if (left.kind === 'literal' && right.kind === 'variable') yield { column: right.name, value: left };
}

/** Names that the SELECT gives itself: in its WHERE they hide the columns of the source. */
const ownNames = (select: Select): ReadonlySet<string> =>
  new Set((select.columns ?? []).filter((column) => column.explicit).map((column) => column.name));

const narrowed = (
  call: Call,
  source: Pushable,
  condition: Expression | undefined,
  hidden: ReadonlySet<string>,
): Call => {
  const given = new Set(call.arguments.map((argument) => argument.keyword?.name));
  // Arguments by position may be any parameter.
  if (given.has(undefined)) return call;
  for (const { column, value } of equalities(condition)) {
    const parameter = source.pushdown?.[column];
    const declared = source.params.find(({ name }) => name === parameter);
    if (declared === undefined || hidden.has(column) || given.has(declared.name)) continue;
    if (typeof value.value !== declared.type) continue;
    const { start, end } = call;
    const keyword = { name: declared.name, start, end };
    return { ...call, arguments: [...call.arguments, { keyword, value, start, end }] };
  }
  return call;
};

/**
 * The same query, reading less: where a WHERE asks for one value of a column that its source can look up, the source is
 * told so. The condition stays and is evaluated as before, so the answer is the same.
 */
export const pushDown = (query: Query, sources: ReadonlyMap<string, Pushable>): Query => {
  const inSource = (from: Expression, condition: Expression | undefined, hidden: ReadonlySet<string>): Expression => {
    const source = from.kind === 'call' ? sources.get(from.name) : undefined;
    return from.kind === 'call' && source !== undefined ? narrowed(from, source, condition, hidden) : from;
  };
  const rewritten = (node: Expression): Expression => {
    if (node.kind === 'select') return { ...node, from: inSource(node.from, node.where, ownNames(node)) };
    if (node.kind === 'any') return { ...node, rows: inSource(node.rows, node.condition, new Set()) };
    return node;
  };
  return { text: query.text, root: rewritten(query.root) };
};
