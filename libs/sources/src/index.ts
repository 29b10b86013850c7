/**
 * The sources of an agent as they are declared: names, parameters and columns. The agent reads them; the console and
 * the API check and explain queries by them.
 */
export type { SourceDeclaration, SourceParam } from './declaration.js';
export { columnKindsOf, DECLARED_BY_NAME, DECLARED_SOURCES, rowColumnsOf } from './environment.js';
export { FILE_SOURCES } from './file-sources.js';
export { PROCESS_SOURCES } from './process-sources.js';
export { pushDown } from './pushdown.js';
export { ROW_COLUMNS, ROW_KINDS, type RowKind } from './row-kinds.js';
export { SYSTEM_SOURCES } from './system-sources.js';
