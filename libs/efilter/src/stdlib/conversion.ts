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
  { name: 'timestamp', params: ['n'], call: ([n]) => numberOf(asScalar(n ?? null)) ?? null },
];

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
