import type { HostFunction } from '#efilter';
import type { ColumnType } from '#wire';
import type { FlowJob } from '../runner/flow-job.js';

/** The arguments of a call, by the names of the declared parameters. */
export type SourceArgs = Parameters<HostFunction['call']>[0]['named'];

/** A parameter, with what it means. */
export type SourceParam = NonNullable<HostFunction['params']>[number] & { description: string };

/** A source as it is documented, and how to read it. */
export interface Source {
  name: string;
  description: string;
  platforms: readonly NodeJS.Platform[] | 'all';
  params: readonly SourceParam[];
  /** Columns in their order, with the type that a collection gives them. */
  columns: Readonly<Record<string, ColumnType>>;
  /** `column == value` in a WHERE is read by this parameter instead: fewer rows are made. */
  pushdown?: Readonly<Record<string, string>>;
  /** Rows for the arguments; `agent` is what the flow knows of its agent. */
  rows: (args: SourceArgs, agent: FlowJob['agent']) => Iterable<object>;
}

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
