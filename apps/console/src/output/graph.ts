import { duration } from './human.js';

const WIDTH = 40;
const MOST_LINES = 20;

/** How many had finished at a time. */
export interface GraphPoint {
  seconds: number;
  finished: number;
}

/** Keeps the first point of each count, and of those at most `MOST_LINES`, the last one included. */
const steps = (points: readonly GraphPoint[]): GraphPoint[] => {
  const changes = points.filter((point, i) => i === 0 || point.finished !== points[i - 1]?.finished);
  const every = Math.ceil(changes.length / MOST_LINES);
  return changes.filter((_, i) => (changes.length - 1 - i) % every === 0);
};

/** Recruitment over time: a line a step, a bar as long as the share of the whole. */
export const recruitmentGraph = (points: readonly GraphPoint[], whole: number): string => {
  const shown = steps(points);
  const times = shown.map(({ seconds }) => duration(seconds));
  const width = Math.max(0, ...times.map((time) => time.length));
  return shown
    .map(({ finished }, i) => {
      const bar = '#'.repeat(Math.round((finished / Math.max(1, whole)) * WIDTH));
      return `  ${(times[i] ?? '').padStart(width)}  ${bar.padEnd(WIDTH)}  ${String(finished)}`;
    })
    .join('\n');
};
