import type { Action } from '#wire';

/** A kind of action of the wire. */
export type Kind = Action['__type__'];

/** The kinds that this version can run; apart from what runs them, so that a waiting agent does not load that. */
export const SUPPORTED_ACTIONS = [
  'Collect',
  'Interrogate',
  'ListDirectory',
  'FileFinder',
  'GetFiles',
] as const satisfies readonly Kind[];
export type SupportedKind = (typeof SUPPORTED_ACTIONS)[number];
