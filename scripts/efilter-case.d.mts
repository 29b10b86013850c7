import type { Environment, QueryParams } from '#efilter';

/** One line of a file of conformance cases. */
export interface ConformanceCase {
  readonly id: string;
  readonly query: string;
  readonly vars?: object;
  readonly params?: QueryParams;
}

/** Undefined when the case passes with these functions of the library, else what was expected and what came. */
export function runCase(library: object, testCase: ConformanceCase): string | undefined;

/** The environment that the variables of a case stand for. */
export function environment(vars?: object): Environment;
