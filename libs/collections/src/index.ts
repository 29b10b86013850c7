/** Writing result collections. Reading what others wrote: `#collections/reader`, which needs no native module. */
export * from './gzip.js';
export * from './writer.js';
