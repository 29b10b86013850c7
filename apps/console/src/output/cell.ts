/** What a table shows in a cell. */
export type Cell = string | number | boolean | null | undefined;
