import { parseError } from './errors.js';
import type { Literal } from './literal.js';
import type { Span } from './span.js';
import type { Token } from './token-kind.js';

/** Values for `?`, `{}` and `{0}` (a list) or `{name}` (a record). They enter the query as values, never as text. */
export type QueryParams = readonly unknown[] | Readonly<Record<string, unknown>>;

const MAX_DEPTH = 100;

/** How much the values of a query may be together, wherever they stand: one for each value, and the length of its texts. */
const MAX_SIZE = 1_000_000;

/** Hands out the values of a query's parameters in the order of their appearance. */
export class Parameters {
  private position = 0;
  private size = 0;

  /** Throws a parse error, at the whole query, for what is no list and no record. */
  constructor(
    private readonly given: QueryParams | undefined,
    whole: Span,
  ) {
    if (given !== undefined && !isObject(given)) {
      throw parseError('The parameters of a query are a list or a record of values.', whole);
    }
  }

  /** The value for a parameter token; a parse error at the token when there is none or it is no JSON value. */
  bind(token: Token): Literal {
    const key = token.text === '' ? this.position++ : /^\d+$/.test(token.text) ? Number(token.text) : token.text;
    const found = this.find(key);
    if (found === undefined) {
      throw parseError(`There is no value for parameter ${typeof key === 'number' ? `number ${key}` : key}.`, token);
    }
    return this.copy(found.value, token, 0);
  }

  private find(key: number | string): { value: unknown } | undefined {
    const { given } = this;
    if (given === undefined) return undefined;
    if (isArray(given)) return typeof key === 'number' && key < given.length ? { value: given[key] } : undefined;
    return typeof key === 'string' && Object.hasOwn(given, key) ? { value: given[key] } : undefined;
  }

  /** A frozen copy, so that neither side can change what the other holds. */
  private copy(value: unknown, token: Token, depth: number): Literal {
    if (depth > MAX_DEPTH) throw parseError('The value of this parameter is nested too deep.', token);
    this.count(typeof value === 'string' ? 1 + value.length : 1, token);
    if (value === null || typeof value === 'boolean' || typeof value === 'string') return value;
    if (typeof value === 'number' && Number.isFinite(value)) return value;
    if (isArray(value)) return Object.freeze(value.map((item) => this.copy(item, token, depth + 1)));
    if (typeof value === 'object') {
      const entries = Object.entries(value).map(([name, item]) => {
        this.count(name.length, token);
        return [name, this.copy(item, token, depth + 1)] as const;
      });
      return Object.freeze(Object.fromEntries(entries));
    }
    throw parseError(`The value of this parameter is a ${typeof value}, not a JSON value.`, token);
  }

  private count(size: number, token: Token): void {
    this.size += size;
    if (this.size > MAX_SIZE)
      throw parseError('The values of the parameters are too large, counted at each use.', token);
  }
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}

function isArray(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}
