import type { Argument } from './ast.js';
import { evalError } from './errors.js';
import type { Value } from './values.js';

/** Refuses `'name': value` and other keys that are no bare words. */
export function checkNames(args: readonly Argument[]): void {
  for (const { keyword, value } of args) {
    if (keyword === undefined && value.kind === 'pair') {
      throw evalError('The name of an argument must be a bare word.', value.key);
    }
  }
}

/** An argument passed by name. */
export interface NamedArgument {
  readonly keyword: NonNullable<Argument['keyword']>;
  readonly value: Value;
}

/** Positional and named arguments apart. */
export function split(
  args: readonly Argument[],
  values: readonly Value[],
): { positional: Value[]; named: NamedArgument[] } {
  const positional: Value[] = [];
  const named: NamedArgument[] = [];
  for (const [index, { keyword }] of args.entries()) {
    const value = values[index] ?? null;
    if (keyword === undefined) positional.push(value);
    else named.push({ keyword, value });
  }
  return { positional, named };
}
