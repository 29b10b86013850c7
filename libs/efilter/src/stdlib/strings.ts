import { codePoints, isRepeated, isRow, numberOf, textOf, toArray, type Value } from '../values.js';
import { failure, kindOf, limited, requireString, type CallContext, type LibraryFunction } from './library.js';

/** upper, trim, len, split, replace, starts_with, ends_with, format. They answer null (or false) for null. */
export const strings: readonly LibraryFunction[] = [
  ofText('upper', (text) => text.toUpperCase()),
  ofText('trim', (text) => text.trim()),
  {
    name: 'len',
    params: ['x'],
    call: ([x], context) => {
      const value = x ?? null;
      if (value === null) return null;
      if (typeof value === 'string') return codePoints(value);
      if (isRepeated(value)) return toArray(value).length;
      if (isRow(value)) return Object.keys(value).length;
      throw failure(context, `len takes a text, a list or an object, not ${kindOf(value)}.`);
    },
  },
  {
    name: 'split',
    params: ['s', 'sep'],
    texts: ['s', 'sep'],
    call: ([s, sep], context) => {
      if ((s ?? null) === null) return null;
      const separator = requireString(sep, 'The separator of split', context);
      if (separator === '') throw failure(context, 'The separator of split may not be empty.');
      const parts = requireString(s, 'The text of split', context).split(separator);
      for (const _ of parts) context.meter.hold();
      return parts;
    },
  },
  {
    name: 'replace',
    params: ['s', 'old', 'new'],
    texts: ['s', 'old', 'new'],
    call: ([s, old, by], context) => {
      if ((s ?? null) === null) return null;
      const text = requireString(s, 'The text of replace', context);
      const sought = requireString(old, 'The old part of replace', context);
      if (sought === '') throw failure(context, 'The old part of replace may not be empty.');
      const put = requireString(by, 'The new part of replace', context);
      const growth = (text.length / sought.length) * Math.max(0, put.length - sought.length);
      if (growth > context.meter.limits.textLength) limited(text.split(sought).join(put), context);
      return limited(
        text.replaceAll(sought, () => put),
        context,
      );
    },
  },
  ends('starts_with', (text, part) => text.startsWith(part)),
  ends('ends_with', (text, part) => text.endsWith(part)),
  {
    name: 'format',
    params: ['format'],
    variadic: true,
    call: ([template, ...args], context) =>
      format(requireString(template, 'The format of format', context), args, context),
  },
];

function ofText(name: string, make: (text: string) => string): LibraryFunction {
  return {
    name,
    params: ['s'],
    texts: ['s'],
    call: ([s], context) => ((s ?? null) === null ? null : make(requireString(s, `The text of ${name}`, context))),
  };
}

function ends(name: string, holds: (text: string, part: string) => boolean): LibraryFunction {
  return {
    name,
    params: ['s', 'part'],
    texts: ['s', 'part'],
    call: ([s, part], context) => {
      const sought = requireString(part, `The part of ${name}`, context);
      return (s ?? null) !== null && holds(requireString(s, `The text of ${name}`, context), sought);
    },
  };
}

const DIRECTIVE = /%(-?)(0?)(\d{0,3})(?:\.(\d{1,2}))?([\s\S]?)/g;

/** `%s` and `%v` a value as text, `%d` a whole number, `%f` and `%.2f` a number, `%x` hexadecimal, `%%` the sign. */
function format(template: string, args: readonly (Value | undefined)[], context: CallContext): string {
  let place = 0;
  const result = template.replace(
    DIRECTIVE,
    (whole: string, left: string, zero: string, width: string, digits: string | undefined, kind: string) => {
      if (kind === '%') return '%';
      const value = args[place] ?? null;
      if (place >= args.length) throw failure(context, `format has no value for its directive ${whole}.`);
      place += 1;
      const text = formatted(kind, value, digits, context);
      if (left === '-') return text.padEnd(Number(width));
      return text.padStart(Number(width), zero === '0' && kind !== 's' && kind !== 'v' ? '0' : ' ');
    },
  );
  if (place < args.length) throw failure(context, `format has ${args.length} values for ${place} directives.`);
  return limited(result, context);
}

function formatted(kind: string, value: Value, digits: string | undefined, context: CallContext): string {
  if (kind === 's' || kind === 'v') return textOf(value) ?? 'null';
  if (kind !== 'd' && kind !== 'f' && kind !== 'x') {
    throw failure(context, 'format knows the directives %s, %v, %d, %f, %x and %%.');
  }
  const number = numberOf(value);
  if (number === undefined) throw failure(context, `format needs a number for %${kind}, not ${kindOf(value)}.`);
  if (kind === 'f') return number.toFixed(digits === undefined ? 6 : Number(digits));
  return Math.trunc(number).toString(kind === 'x' ? 16 : 10);
}
