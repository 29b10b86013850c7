import { lstatSync, type Stats } from 'node:fs';
import { entriesIn, mayBeDirectory, nameOf } from './directory.js';
import type { Component, Glob } from './glob.js';
import type { Problems } from './problems.js';
import { joinRaw, type RawPath, textOf } from './raw-path.js';

/** A place in a glob: what is still to be matched. */
interface State {
  glob: Glob;
  at: number;
  /** How many more directories the `**` here may take. */
  left: number;
}

const recursionAt = (glob: Glob, at: number): number => {
  const component = glob[at];
  return component?.kind === 'recursive' ? component.depth : 0;
};

/** All places that several globs can be at in one directory: one walk serves them all. */
class StateSet {
  /** A glob ends here: the directory itself is a hit. */
  readonly accepts: boolean;
  /** The names that are asked for by name. */
  readonly literals = new Set<string>();
  /** Whether the directory must be read at all. */
  readonly mustRead: boolean;
  readonly #named: { state: State; component: Exclude<Component, { kind: 'recursive' }> }[] = [];
  readonly #recursive: State[] = [];
  #deeper: StateSet | null | undefined;

  private constructor(states: readonly State[]) {
    let accepts = false;
    let mustRead = false;
    for (const state of states) {
      const component = state.glob[state.at];
      if (component === undefined) accepts = true;
      else if (component.kind === 'recursive') {
        if (state.left > 0) this.#recursive.push(state);
        mustRead ||= state.left > 0;
      } else {
        this.#named.push({ state, component });
        if (component.kind === 'literal') this.literals.add(component.name);
        else mustRead = true;
      }
    }
    this.accepts = accepts;
    this.mustRead = mustRead;
  }

  /** With every place that is reached without a further name. */
  static of(states: readonly State[]): StateSet {
    const known = new Map<Glob, Map<number, State>>();
    const open = [...states];
    for (let state = open.pop(); state !== undefined; state = open.pop()) {
      const places = known.get(state.glob) ?? new Map<number, State>();
      known.set(state.glob, places);
      const before = places.get(state.at);
      if (before !== undefined && before.left >= state.left) continue;
      places.set(state.at, state);
      if (state.glob[state.at]?.kind === 'recursive')
        open.push({ glob: state.glob, at: state.at + 1, left: recursionAt(state.glob, state.at + 1) });
    }
    return new StateSet([...known.values()].flatMap((places) => [...places.values()]));
  }

  /** Where an entry of this name leads; undefined: nowhere. */
  step(name: string): StateSet | undefined {
    let matched: State[] | undefined;
    // Asked for every name on a disk: nothing is made for those that match nothing.
    for (const { state, component } of this.#named)
      if (component.kind === 'literal' ? component.name === name : component.matches(name))
        (matched ??= []).push(next(state));
    if (matched === undefined) return this.#recursed() ?? undefined;
    return StateSet.of([...matched, ...this.#recursive.map(shorter)]);
  }

  #recursed(): StateSet | null {
    this.#deeper ??= this.#recursive.length === 0 ? null : StateSet.of(this.#recursive.map(shorter));
    return this.#deeper;
  }

  /** Whether something below an entry that leads here could match. */
  get goesOn(): boolean {
    return this.#named.length > 0 || this.#recursive.length > 0;
  }
}

const next = ({ glob, at }: State): State => ({ glob, at: at + 1, left: recursionAt(glob, at + 1) });
const shorter = (state: State): State => ({ ...state, left: state.left - 1 });

/** A path that a glob names. */
export interface Hit {
  dir: RawPath;
  name: RawPath;
  path: RawPath;
  stats: Stats;
}

interface Frame {
  path: RawPath;
  states: StateSet;
  dev: number;
  bytes: number;
}

/**
 * Finds what the globs name, each path once. Symbolic links are hits and never followed. A directory on another device
 * is entered only where its name is written out in a glob; so are /proc and /sys.
 */
export function* walkGlobs(globs: readonly Glob[], problems: Problems): Generator<Hit> {
  const start = StateSet.of(globs.map((glob) => ({ glob, at: 0, left: recursionAt(glob, 0) })));
  const root = lstatSync('/');
  if (start.accepts) yield { dir: '/', name: '', path: '/', stats: root };
  const open: Frame[] = [{ path: '/', states: start, dev: root.dev, bytes: root.size }];
  for (let frame = open.pop(); frame !== undefined; frame = open.pop()) yield* look(frame, open, problems);
}

/** One directory: its hits; what must be looked into further goes to `open`. */
function* look(frame: Frame, open: Frame[], problems: Problems): Generator<Hit> {
  const { states } = frame;
  if (states.mustRead) {
    try {
      for (const entry of entriesIn(frame.path, frame.bytes)) {
        const hit = visit(frame, nameOf(entry), mayBeDirectory(entry), open, problems);
        if (hit !== undefined) yield hit;
      }
      return;
    } catch (error) {
      problems.failed(frame.path, error);
    }
  }
  // What is asked for by name can be had where the directory cannot be read.
  for (const name of states.literals) {
    const hit = visit(frame, name, true, open, problems);
    if (hit !== undefined) yield hit;
  }
}

const visit = (
  frame: Frame,
  name: RawPath,
  couldBeDirectory: boolean,
  open: Frame[],
  problems: Problems,
): Hit | undefined => {
  const text = textOf(name);
  const states = frame.states.step(text);
  if (states === undefined) return undefined;
  if (!states.accepts && !couldBeDirectory && frame.states.literals.size === 0) return undefined;
  const isNamed = frame.states.literals.has(text);
  const enter = states.goesOn && (couldBeDirectory || isNamed);
  if (!states.accepts && !enter) return undefined;
  const path = joinRaw(frame.path, name);
  const stats = statOf(path, problems);
  if (stats === undefined) return undefined;
  if (enter && stats.isDirectory() && (stats.dev === frame.dev || isNamed))
    open.push({ path, states, dev: stats.dev, bytes: stats.size });
  if (enter && isNamed && stats.isSymbolicLink()) problems.note(path, 'a symbolic link, not followed');
  return states.accepts ? { dir: frame.path, name, path, stats } : undefined;
};

const statOf = (path: RawPath, problems: Problems): Stats | undefined => {
  try {
    // What is not there is no problem: a glob may name what a machine lacks.
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    problems.failed(path, error);
    return undefined;
  }
};
