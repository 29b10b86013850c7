/** A value as JSON knows it: what literals and parameters may hold. */
export type Literal = null | boolean | number | string | readonly Literal[] | { readonly [name: string]: Literal };
