import { asScalar, collapse, isRepeated, numberOf, standIn, textOf, toArray, type Value } from '../values.js';
import { failure, kindOf, type CallContext, type LibraryFunction } from './library.js';

const INTEGER = /^\s*[+-]?\d+\s*$/;
const DECIMAL = /^\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*$/;

/** The types that `cast` and `isa` know. */
export const TYPES = ['int', 'float', 'str', 'bytes'] as const;
export type TypeName = (typeof TYPES)[number];

export function isTypeName(name: string): name is TypeName {
  return TYPES.some((type) => type === name);
}

/** str, int, float, bytes, hex, timestamp. */
export const conversion: readonly LibraryFunction[] = [
  ...TYPES.map((type): LibraryFunction => ({
    name: type,
    params: ['x'],
    alternates: { value: 'x' },
    call: ([x], context) => {
      const value = x ?? null;
      if (value === null) return null;
      const result = convert(value, type);
      if (result === undefined) throw failure(context, `${type} cannot convert ${shown(value)}.`);
      return result;
    },
  })),
  { name: 'hex', params: ['n'], alternates: { value: 'n' }, call: ([n], context) => hex(n ?? null, context) },
  { name: 'timestamp', params: ['n'], call: ([n], context) => timestamp(asScalar(n ?? null), context) },
];

const ISO_TIME = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?)?$/;

/** Seconds since 1970: a number as it is, a date as ISO 8601 writes it (UTC unless it says otherwise). */
function timestamp(value: Value, context: CallContext): Value {
  if (typeof value !== 'string') return numberOf(value) ?? null;
  const zoned = /(?:Z|[+-]\d\d:?\d\d)$/.test(value) || value.length === 10 ? value : `${value}Z`;
  const milliseconds = ISO_TIME.test(value) ? Date.parse(zoned.replace(' ', 'T')) : Number.NaN;
  if (Number.isNaN(milliseconds)) throw failure(context, `timestamp cannot read ${shown(value)} as a date.`);
  return milliseconds / 1_000;
}

/** The value as another type; undefined when it cannot be that. */
export function convert(given: Value, type: TypeName): Value | undefined {
  const value = asScalar(given);
  if (type === 'str' || type === 'bytes') return textOf(value);
  if (typeof value === 'string') {
    if (!(type === 'int' ? INTEGER : DECIMAL).test(value)) return undefined;
    return Number(value);
  }
  const number = numberOf(value);
  if (number === undefined || type === 'float') return number;
  return Number.isFinite(number) ? Math.trunc(number) : undefined;
}

/** Whether a value is of a type. A whole number is an int, any other a float. */
export function isOfType(given: Value, type: TypeName): boolean {
  const value = asScalar(given);
  switch (type) {
    case 'int':
      return typeof value === 'boolean' || Number.isInteger(value);
    case 'float':
      return typeof value === 'number' && !Number.isInteger(value);
    case 'str':
      return typeof value === 'string';
    case 'bytes':
      return false;
  }
}

function hex(n: Value, context: CallContext): Value {
  if (isRepeated(n)) {
    return collapse(
      toArray(n).map((item) => {
        context.meter.step();
        return hex(standIn(item), context);
      }),
    );
  }
  const number = numberOf(n);
  if (number === undefined || !Number.isFinite(number)) return null;
  const whole = BigInt(Math.trunc(number));
  return whole < 0n ? `-0x${(-whole).toString(16)}` : `0x${whole.toString(16)}`;
}

function shown(value: Value): string {
  return typeof value === 'string' ? JSON.stringify(value.slice(0, 40)) : kindOf(value);
}
