import type { CallNode, Column, Expression, SelectNode } from './ast.js';
import { accumulatorFor, isAggregate, type Accumulator } from './aggregates.js';
import { compileColumns } from './compile-columns.js';
import { framesFor, rowFrame, Sorter } from './compile-rows.js';
import { evalError } from './errors.js';
import { groupKey } from './group-key.js';
import { toPlain } from './plain.js';
import type { Compiler, Frame, Scope, Thunk } from './scope.js';
import { eachValue, holdsForAny, setMember, type Row, type Value } from './values.js';
import { childrenOf } from './visitor.js';

/** The rows of one group: the first of them, and what the aggregates made of all. */
interface Group {
  readonly first: Value;
  readonly totals: readonly Accumulator[];
}

type Aliased = (columns: readonly Column[], rowScope: Scope) => Scope;

/**
 * The rows of a grouped SELECT, ascending by the ORDER BY if there is one, else in the order in which groups first
 * appear. Columns are those of a group's first row, except for aggregates, which are computed over all of its rows.
 */
export function compileGroups(
  compiler: Compiler,
  node: SelectNode,
  scope: Scope | null,
  aliased: Aliased,
): (frame: Frame | null) => Row[] {
  const { meter } = compiler;
  const columns = node.columns ?? [];
  const key = node.orderBy?.key;
  const rowScope: Scope = { kind: 'row', outer: scope };
  const inTail = aliased(columns, rowScope);
  const source = compiler.compile(node.from, scope);
  const where = node.where === undefined ? undefined : compiler.compile(node.where, inTail);
  const keys = (node.groupBy ?? []).map((part) => compiler.compile(part, inTail));
  const frames = framesFor([node.where, ...(node.groupBy ?? [])], node.from);

  const calls = [...columns.map(({ value }) => value), ...(key === undefined ? [] : [key])].flatMap(aggregatesIn);
  const items = calls.map((call) => itemOf(compiler, call, rowScope));
  const itemFrames = framesFor(
    calls.flatMap((call) => call.arguments.map(({ value }) => value)),
    node.from,
  );
  // The totals of the group at hand, which the columns below read.
  let totals: readonly Value[] = [];
  const places = new Map<Expression, number>(calls.map((call, place) => [call, place]));
  const withTotals: Compiler = {
    ...compiler,
    compile: (part, inner) => {
      const place = places.get(part);
      return place === undefined ? compiler.compileWith(withTotals, part, inner) : () => totals[place] ?? null;
    },
  };
  const project = node.columns === undefined ? undefined : compileColumns(withTotals, node, rowScope);
  const by = key === undefined ? undefined : withTotals.compile(key, { kind: 'row', outer: inTail });

  const gather = (frame: Frame | null): Group[] => {
    const groups = new Map<string, Group>();
    const enter = frames(frame);
    const enterItem = itemFrames(frame);
    eachValue(source(frame), (value) => {
      meter.step();
      const row = enter(value);
      if (where !== undefined && !holdsForAny(where(row))) return true;
      const name = keys.map((part) => groupKey(part(row), meter)).join(' ');
      let group = groups.get(name);
      if (group === undefined) {
        meter.hold();
        group = { first: value, totals: calls.map((call) => accumulatorFor(call, meter)) };
        groups.set(name, group);
      }
      const itemRow = enterItem(value);
      for (const [place, total] of group.totals.entries()) total.add(items[place]?.(itemRow));
      return true;
    });
    return [...groups.values()];
  };

  return (frame) => {
    const sorter = new Sorter<Row>(compiler);
    for (const group of gather(frame)) {
      totals = group.totals.map((total) => total.result());
      const first = rowFrame(group.first, frame, node.from);
      const row = plainRow(project === undefined ? first.row : project(first), compiler);
      sorter.add(row, by === undefined ? null : by(rowFrame(row, first, node)));
    }
    return sorter.sorted();
  };
}

/** Nothing of a group's row may be read later, when the totals are those of another group. */
function plainRow(row: Row | null, compiler: Compiler): Row {
  const copy: Record<string, Value> = {};
  if (row === null) return copy;
  for (const [name, value] of Object.entries(row)) setMember(copy, name, toPlain(value, compiler.meter));
  return copy;
}

/** What an aggregate is given of each row; undefined where it only counts rows. */
function itemOf(compiler: Compiler, call: CallNode, scope: Scope): Thunk | undefined {
  const [argument] = call.arguments;
  if (argument === undefined && call.name === 'count') return undefined;
  if (argument === undefined || call.arguments.length > 1) {
    const count = call.arguments.length;
    return () => {
      throw evalError(`${call.name} takes 1 argument in a grouped SELECT, not ${count}.`, call);
    };
  }
  return compiler.compile(argument.value, scope);
}

/** The calls of aggregates in an expression, but for those inside of rows of their own. */
function aggregatesIn(node: Expression): CallNode[] {
  if (node.kind === 'call' && isAggregate(node.name)) return [node];
  switch (node.kind) {
    case 'select':
      return [];
    case 'map':
    case 'filter':
    case 'sort':
    case 'each':
    case 'foreach':
    case 'any':
      return aggregatesIn(node.rows);
    default:
      return childrenOf(node).flatMap(aggregatesIn);
  }
}
