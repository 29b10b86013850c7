import { eachValue, lazy, toArray, valuesOf, isRepeated, type Value } from '../values.js';
import { failure, limited, requireString, type CallContext, type LibraryFunction } from './library.js';

/** now, base64, from_base64, from_hex, parse_json, dict, chain, collect, enumerate. */
export const data: readonly LibraryFunction[] = [
  { name: 'now', params: [], call: (_args, context) => context.epoch },
  converted('base64', (text, context) => limited(encode(new TextEncoder().encode(text)), context)),
  converted('from_base64', (text, context) => {
    if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.length % 4 !== 0) {
      throw failure(context, 'from_base64 takes base64: letters, digits, + and /, in groups of four.');
    }
    return decoded(
      Uint8Array.from(atob(text), (char) => char.charCodeAt(0)),
      'from_base64',
      context,
    );
  }),
  converted('from_hex', (text, context) => {
    const digits = text.replace(/^0x/, '');
    if (!/^(?:[\da-fA-F]{2})*$/.test(digits)) throw failure(context, 'from_hex takes pairs of hexadecimal digits.');
    const bytes = Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
    return decoded(bytes, 'from_hex', context);
  }),
  {
    name: 'parse_json',
    params: ['s'],
    texts: ['s'],
    call: ([s], context) =>
      (s ?? null) === null ? null : parsed(requireString(s, 'The text of parse_json', context), context),
  },
  { name: 'dict', params: [], callNamed: (named) => named, call: () => ({}) },
  {
    name: 'chain',
    params: [],
    variadic: true,
    call: (parts) =>
      lazy(
        function* () {
          for (const part of parts) yield* valuesOf(part ?? null);
        },
        (visit) => parts.every((part) => eachValue(part ?? null, visit)),
      ),
  },
  {
    name: 'collect',
    params: ['x'],
    call: ([x], context) => listOf(x ?? null, context).filter((item) => item !== null),
  },
  { name: 'enumerate', params: ['x'], call: ([x], context) => listOf(x ?? null, context) },
];

function converted(name: string, make: (text: string, context: CallContext) => string): LibraryFunction {
  return {
    name,
    params: ['s'],
    texts: ['s'],
    call: ([s], context) =>
      (s ?? null) === null ? null : make(requireString(s, `The text of ${name}`, context), context),
  };
}

/** Piece by piece, for a call cannot have as many arguments as a text may have bytes. */
function encode(bytes: Uint8Array): string {
  let binary = '';
  for (let at = 0; at < bytes.length; at += 8_192) {
    binary += String.fromCharCode(...bytes.subarray(at, at + 8_192));
  }
  return btoa(binary);
}

function decoded(bytes: Uint8Array, name: string, context: CallContext): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw failure(context, `The bytes that ${name} found are no text in UTF-8.`);
  }
}

function parsed(text: string, context: CallContext): Value {
  try {
    return JSON.parse(text) as Value;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw failure(context, `The text of parse_json is not JSON: ${error.message.slice(0, 200)}.`);
  }
}

function listOf(x: Value, context: CallContext): readonly Value[] {
  const list = isRepeated(x) ? toArray(x) : [...valuesOf(x)];
  for (const _ of list) context.meter.hold();
  return list;
}
