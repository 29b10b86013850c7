import type { Hunt } from '../../api/models.js';
import { bytes, instant } from '../../output/human.js';
import { type Format, printObject } from '../../output/print.js';
import type { Terminal } from '../../terminal.js';

/** One hunt with its counts. */
export const showHunt = (terminal: Terminal, format: Format, hunt: Hunt): void => {
  const { stats } = hunt;
  const counts = (['error', 'cancelled', 'crashed', 'rejected', 'skipped'] as const)
    .filter((name) => stats[name] > 0)
    .map((name) => `${String(stats[name])} ${name}`);
  printObject(
    terminal,
    format,
    [
      ['hunt', hunt.hunt_id],
      ['type', hunt.type],
      ['description', hunt.description],
      ['creator', hunt.creator],
      ['labels', hunt.labels.join(', ')],
      ['state', hunt.state],
      ['not published', hunt.publish_error],
      ['progress', [stats.progress, ...counts].join(', ')],
      ['rows', stats.rows],
      ['bytes', bytes(stats.bytes)],
      ['created', instant(hunt.created_at)],
      [hunt.ended_at === null ? 'expires' : 'ended', instant(hunt.ended_at ?? hunt.expires_at)],
      ['note', hunt.partial ? 'you see a part of the fleet: the counts are of that part' : undefined],
    ],
    hunt,
  );
};
