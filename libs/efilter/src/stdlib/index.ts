import { conversion } from './conversion.js';
import { core } from './core.js';
import { data } from './data.js';
import type { LibraryFunction } from './library.js';
import { math } from './math.js';
import { strings } from './strings.js';
import { text } from './text.js';

/** Every function that a query has without a host, by name. */
export const LIBRARY: ReadonlyMap<string, LibraryFunction> = new Map(
  [...core, ...math, ...conversion, ...text, ...strings, ...data].map((entry) => [entry.name, entry]),
);
