import type { Action } from '#wire';
import type { ActionContext, ActionRunner } from './action.js';
import { collect } from './collect.js';
import { fileFinder } from './file-finder.js';
import { getFiles } from './get-files.js';
import { interrogate } from './interrogate.js';
import type { Kind, SupportedKind } from './kinds.js';
import { listDirectory } from './list-directory.js';

type ActionOf<K extends Kind> = Extract<Action, { __type__: K }>;

type Runners = { [K in SupportedKind]: ActionRunner<ActionOf<K>> } & Record<Exclude<Kind, SupportedKind>, undefined>;

/** Every kind of action of the wire. Undefined: this version lacks it and rejects flows that ask for it. */
const registry: { [K in Kind]: ActionRunner<ActionOf<K>> | undefined } = {
  Collect: collect,
  Interrogate: interrogate,
  ListDirectory: listDirectory,
  FileFinder: fileFinder,
  GetFiles: getFiles,
  CollectArtifacts: undefined,
} satisfies Runners;

/** Runs one action. Throws when this version lacks its kind (flows that ask for it are rejected before). */
export const runAction = async <K extends Kind>(
  kind: K,
  action: ActionOf<K>,
  context: ActionContext,
): Promise<void> => {
  const run = registry[kind];
  if (run === undefined) throw new Error(`this agent has no action ${kind}`);
  await run(action, context);
};
