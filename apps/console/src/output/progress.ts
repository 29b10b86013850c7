import { Presets, SingleBar } from 'cli-progress';
import type { Terminal } from '../terminal.js';

/** Something that fills up: a bar on a terminal, a line at each change elsewhere. */
export interface Progress {
  update(done: number, total: number, text: string): void;
  /** Leaves what is shown as it is. */
  end(): void;
}

/** Shows progress under a name, on standard error. */
export const showProgress = (terminal: Terminal, name: string): Progress => {
  if (!terminal.interactive) {
    let last = '';
    return {
      update(_done, _total, text) {
        if (text !== last) terminal.progress(`${name}: ${text}`);
        last = text;
      },
      end: () => undefined,
    };
  }
  const bar = new SingleBar(
    { format: `${name} {bar} {text}`, hideCursor: true, stream: process.stderr },
    Presets.shades_classic,
  );
  bar.start(1, 0, { text: '' });
  return {
    update(done, total, text) {
      bar.setTotal(Math.max(1, total));
      bar.update(done, { text });
    },
    end: () => bar.stop(),
  };
};
