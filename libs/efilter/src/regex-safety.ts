import { readAutomaton, type Edge, type Position } from './regex-automaton.js';

/** Pairs of places that may be looked at; beyond it a pattern with nested repeats is refused as too intricate. */
const MAX_PAIRS = 50_000;

/**
 * Why a pattern is refused; undefined when it is not. Refused are nested open repeats that make a backtracking matcher
 * take exponential time: those where one text can be read in several ways as it goes round, as in `(a+)+` or
 * `(\w+\s?)*`. A separator makes the ways one, so `([^/]+/)*` passes. Other patterns that take long, such as
 * `(a|aa)+$`, pass too; whoever evaluates hostile patterns does so in a process that can be ended.
 * @param pattern as JavaScript writes it; one that is malformed passes, for it does not compile anyway
 * @param dotAll whether `.` stands for line ends too
 */
export function dangerOf(pattern: string, dotAll: boolean): string | undefined {
  const automaton = readAutomaton(pattern, dotAll);
  if (automaton === undefined) return undefined;
  for (const aside of automaton.asides) {
    const danger = dangerOf(aside, dotAll);
    if (danger !== undefined) return danger;
  }
  return dangerIn(automaton.positions);
}

/**
 * All places inside an open repeat can reach each other. So a text is ambiguous there, over and over, when from one
 * place two ways part on the same character and come together again, both inside the repeat.
 */
function dangerIn(positions: readonly Position[]): string | undefined {
  const seen = new Set<number>();
  const open: [number, number][] = [];
  const meet = (left: Edge, right: Edge): boolean => {
    const [a, b] = [positions[left.to], positions[right.to]];
    if (a === undefined || b === undefined || (a.set & b.set) === 0n) return false;
    if (left.to === right.to) return true;
    const pair = Math.min(left.to, right.to) * positions.length + Math.max(left.to, right.to);
    if (!seen.has(pair)) open.push([left.to, right.to]);
    seen.add(pair);
    return false;
  };
  for (const { loops, edges } of positions) {
    if (loops.length < 2) continue;
    const inside = edges.filter((edge) => positions[edge.to]?.loops[0] === loops[0]);
    for (const [index, left] of inside.entries()) {
      for (const right of inside.slice(index + 1)) if (meet(left, right)) return EXPONENTIAL;
      if (seen.size > MAX_PAIRS) return INTRICATE;
    }
  }
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (seen.size > MAX_PAIRS) return INTRICATE;
    const [left, right] = [positions[next[0]], positions[next[1]]];
    const loop = left?.loops[0];
    for (const a of left?.edges ?? []) {
      if (positions[a.to]?.loops[0] !== loop) continue;
      for (const b of right?.edges ?? []) if (positions[b.to]?.loops[0] === loop && meet(a, b)) return EXPONENTIAL;
    }
  }
  return undefined;
}

const EXPONENTIAL = 'nested unbounded repeats that can read one text in several ways take exponential time';
const INTRICATE = 'its nested unbounded repeats are too intricate to be judged';
