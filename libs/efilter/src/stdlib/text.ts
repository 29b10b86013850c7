import {
  collapse,
  isRepeated,
  isRow,
  isTrue,
  memberOf,
  numberOf,
  setMember,
  standIn,
  textOf,
  toArray,
  valuesOf,
  type Value,
} from '../values.js';
import type { Regex } from '../regex.js';
import { limited, requireString, type CallContext, type LibraryFunction } from './library.js';

/** concat, join, substr, regex_search, sub, re_filter. */
export const text: readonly LibraryFunction[] = [
  {
    name: 'concat',
    params: [],
    variadic: true,
    call: (parts, context) => {
      let result = '';
      for (const part of parts)
        result = limited(result + requireString(part, 'Every part of concat', context), context);
      return result;
    },
  },
  {
    name: 'join',
    params: ['sep', 'list'],
    alternates: { seperator: 'sep', target: 'list' },
    call: ([sep, list], context) => join(sep ?? null, list ?? null, context),
  },
  {
    name: 'substr',
    params: ['s', 'start', 'end'],
    alternates: { x: 's' },
    call: (args, context) =>
      substr(
        args.map((arg) => arg ?? null),
        context,
      ),
  },
  {
    name: 'regex_search',
    params: ['value', 'regex'],
    texts: ['regex'],
    order: (positional) => {
      const [value, regex] = positional.map((node) => node.kind === 'literal' && typeof node.value === 'string');
      return value === true && regex === false ? [1, 0] : undefined;
    },
    specialise: ([regex], context) => {
      if (typeof regex !== 'string') return undefined;
      let ready: Regex | undefined;
      return (value) => {
        if (typeof value !== 'string') return search(value, regex, context);
        ready ??= context.regexes.get(regex, context.at);
        return ready.test(value, context.at);
      };
    },
    call: ([value, regex], context) =>
      search(value ?? null, requireString(regex, 'The pattern of regex_search', context), context),
  },
  {
    name: 'sub',
    params: ['pattern', 'repl', 'target'],
    texts: ['pattern', 'repl'],
    call: ([pattern, repl, target], context) => {
      if ((target ?? null) === null) return null;
      const regex = requireString(pattern, 'The pattern of sub', context);
      const replacement = requireString(repl, 'The replacement of sub', context);
      return substitute(regex, replacement, target ?? null, context);
    },
  },
  {
    name: 're_filter',
    params: ['pattern', 'target'],
    texts: ['pattern'],
    call: ([pattern, target], context) =>
      matching(requireString(pattern, 'The pattern of re_filter', context), target ?? null, context) ?? null,
  },
];

function join(sep: Value, list: Value, context: CallContext): Value {
  if (!isRepeated(list)) return list;
  const separator = requireString(sep, 'The separator of join', context);
  let result = '';
  let first = true;
  for (const item of valuesOf(list)) {
    context.meter.step();
    result += (first ? '' : separator) + requireString(standIn(item), 'Every element of the list of join', context);
    first = false;
    limited(result, context);
  }
  return result;
}

/** Any of several arguments may be repeated; the shorter ones are filled up with 0. */
function substr(args: readonly Value[], context: CallContext): Value {
  const lists = args.map((arg) => (isRepeated(arg) ? toArray(arg).map(standIn) : undefined));
  if (lists.every((list) => list === undefined)) return slice(args);
  const length = Math.max(1, ...lists.map((list) => list?.length ?? 0));
  const results: Value[] = [];
  for (let index = 0; index < length; index += 1) {
    context.meter.step();
    results.push(slice(args.map((arg, place) => (lists[place] === undefined ? arg : (lists[place][index] ?? 0)))));
  }
  return collapse(results);
}

function slice([s, start, end]: readonly Value[]): Value {
  const from = numberOf(start ?? null);
  const to = numberOf(end ?? null);
  if (typeof s !== 'string' || from === undefined || to === undefined) return null;
  return Array.from(s).slice(Math.trunc(from), Math.trunc(to)).join('');
}

function search(value: Value, pattern: string, context: CallContext): boolean {
  const regex = context.regexes.get(pattern, context.at);
  if (typeof value === 'string') return regex.test(value, context.at);
  for (const item of valuesOf(value)) {
    context.meter.step();
    const found = textOf(standIn(item));
    if (found !== null && regex.test(found, context.at)) return true;
  }
  return false;
}

function substitute(pattern: string, replacement: string, target: Value, context: CallContext): Value {
  context.meter.step();
  if (isRepeated(target)) {
    return collapse(toArray(target).map((item) => substitute(pattern, replacement, standIn(item), context)));
  }
  const found = textOf(target);
  if (found === null) return null;
  return limited(context.regexes.get(pattern, context.at).replace(found, replacement, context.at), context);
}

/** The matching part of a list or object; a string itself when it matches. Undefined for what does not. */
function matching(pattern: string, target: Value, context: CallContext): Value | undefined {
  context.meter.step();
  const regex = context.regexes.get(pattern, context.at);
  if (typeof target === 'string') return regex.test(target, context.at) ? target : undefined;
  if (isRepeated(target)) {
    return toArray(target).filter((item) => {
      const found = standIn(item);
      if (typeof found === 'string') {
        context.meter.step();
        return regex.test(found, context.at);
      }
      const part = matching(pattern, found, context);
      return part !== undefined && isTrue(part);
    });
  }
  if (!isRow(target)) {
    return undefined;
  }
  const kept: Record<string, Value> = {};
  for (const name of Object.keys(target)) {
    if (regex.test(name, context.at)) setMember(kept, name, memberOf(target, name));
  }
  return kept;
}
