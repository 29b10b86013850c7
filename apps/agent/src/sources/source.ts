import type { HostFunction } from '#efilter';
import type { SourceDeclaration } from '#sources';
import type { FlowJob } from '../runner/flow-job.js';

/** The arguments of a call, by the names of the declared parameters. */
export type SourceArgs = Parameters<HostFunction['call']>[0]['named'];

/** Reads rows for the arguments; of the flow: what it knows of its agent, and its folder. */
type ReadRows = (args: SourceArgs, flow: Pick<FlowJob, 'agent' | 'work_dir'>) => Iterable<object>;

/** A source as it is declared, and how to read it. */
export interface Source extends SourceDeclaration {
  readonly name: string;
  readonly rows: ReadRows;
}

/** Declarations with what reads each of them. */
export const implemented = <Name extends string>(
  declared: Readonly<Record<Name, SourceDeclaration>>,
  readers: Readonly<Record<NoInfer<Name>, ReadRows>>,
): Source[] =>
  Object.entries<SourceDeclaration>(declared).map(([name, declaration]) => ({
    ...declaration,
    name,
    rows: readers[name as Name],
  }));

/** What was asked of a source cannot be given: the message says why. */
export class SourceError extends Error {
  override readonly name = 'SourceError';
}

/** The numbers of an array parameter; undefined when it was not given. */
export const numbersOf = (value: unknown): number[] | undefined =>
  Array.isArray(value) ? value.map(Number) : undefined;

/** The texts of an array parameter; none when it was not given. */
export const textsOf = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];

/** A text parameter; empty when it was not given. */
export const textOrEmpty = (value: unknown): string => (typeof value === 'string' ? value : '');

/** A number parameter, or its default. */
export const numberOr = (value: unknown, otherwise: number): number => (typeof value === 'number' ? value : otherwise);
