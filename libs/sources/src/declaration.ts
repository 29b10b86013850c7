import type { Parameter } from '#efilter';
import type { ColumnType } from '#wire';

/** A parameter of a source, with what it means. */
export type SourceParam = Parameter & { readonly description: string };

/** What is known of a source without running it. */
export interface SourceDeclaration {
  readonly description: string;
  /** Names as in `process.platform`. */
  readonly platforms: readonly NodeJS.Platform[] | 'all';
  readonly params: readonly SourceParam[];
  /** Columns in their order, with the type that a collection gives them. */
  readonly columns: Readonly<Record<string, ColumnType>>;
  /** Rows may have columns besides those. */
  readonly more?: true;
  /** `column == value` in a WHERE is read by this parameter instead: fewer rows are made. */
  readonly pushdown?: Readonly<Record<string, string>>;
}

/** Declarations by name. */
export type Declared = Readonly<Record<string, SourceDeclaration>>;
