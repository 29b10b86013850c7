import { Command, InvalidArgumentError } from 'commander';
import { z } from 'zod';
import { AuditEvent } from '../api/models.js';
import { listItems } from '../api/pages.js';
import { needDeployment } from '../deployment/deployment.js';
import { layoutOf } from '../deployment/layout.js';
import { CommandError } from '../errors.js';
import { printable, safeJson } from '../output/escape.js';
import { instant } from '../output/human.js';
import { type Column, printList } from '../output/print.js';
import { adminCommand } from '../services/admin.js';
import { openBacking } from '../services/backing.js';
import { adminEnvironment } from '../services/environment.js';
import { Parts } from '../services/parts.js';
import type { Terminal } from '../terminal.js';
import { listCommand, type ListOptions, withApi } from './api-command.js';
import { DEFAULT_DIR } from './options.js';

const COLUMNS: readonly Column<AuditEvent>[] = [
  { head: 'at', of: (e) => e.at, human: (at) => instant(String(at)) },
  { head: 'actor', of: (e) => e.actor },
  { head: 'action', of: (e) => e.action },
  { head: 'outcome', of: (e) => e.outcome },
  { head: 'object', of: (e) => (e.object_id === null ? e.object_kind : `${e.object_kind} ${e.object_id}`) },
  { head: 'from', of: (e) => e.address },
  { head: 'id', of: (e) => e.id, right: true },
  { head: 'seq', of: (e) => e.seq, right: true },
];

type SearchOptions = ListOptions & {
  actor?: string;
  action?: string;
  object?: { kind: string; id: string | undefined };
  outcome?: string;
  from?: string;
  to?: string;
};

const search = (options: SearchOptions, terminal: Terminal): Promise<void> =>
  withApi(options, async (api) => {
    const { actor, action, outcome, from, to, object } = options;
    const query = { actor, action, outcome, from, to, object_kind: object?.kind, object_id: object?.id };
    const { items, more } = await listItems(api, '/audit', query, AuditEvent, options.limit);
    printList(terminal, options, COLUMNS, items);
    if (more) terminal.progress(`there are more: --limit ${String(options.limit * 10)}, or --to a time`);
  });

/** `hunt`, or `hunt:H_...`. */
const objectOf = (text: string): { kind: string; id: string | undefined } => {
  const [, kind, id] = /^([a-z]+)(?::(.+))?$/.exec(text) ?? [];
  if (kind === undefined) throw new InvalidArgumentError('It must be a kind, or a kind and an id: hunt, client:C.…');
  return { kind, id };
};

/** A time as the API takes it. */
const time = (text: string): string => {
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) throw new InvalidArgumentError('It must be a time: 2026-03-01 or 2026-03-01T12:00:00Z.');
  return new Date(ms).toISOString();
};

const Verified = z.looseObject({
  verified: z.looseObject({
    intact: z.boolean(),
    findings: z.array(z.looseObject({ kind: z.string(), message: z.string() })),
    more: z.boolean(),
    chained: z.number(),
    sealed: z.number(),
    segments: z.number(),
    unchained: z.number(),
  }),
});

const verify = async ({ dir, json }: { dir: string; json?: boolean }, terminal: Terminal): Promise<void> => {
  const layout = layoutOf(dir);
  const deployment = await needDeployment(layout);
  const parts = new Parts();
  try {
    const say = (text: string): void => terminal.progress(text);
    const { databases } = await openBacking({ layout, deployment, parts, say, store: true });
    say('reading the log and the bucket');
    const { verified } = await adminCommand(['audit-verify'], await adminEnvironment(layout, databases), Verified);
    if (json === true) terminal.out(safeJson(verified));
    else {
      for (const { kind, message } of verified.findings) terminal.out(`${kind.padEnd(9)}  ${printable(message)}`);
      const { chained, sealed, segments, unchained } = verified;
      terminal.out(
        `${String(chained)} events chained, ${String(sealed)} of them sealed in ${String(segments)} segments; ${String(unchained)} not chained yet`,
      );
    }
    if (verified.intact) return;
    const count = `${String(verified.findings.length)}${verified.more ? ' or more' : ''}`;
    throw new CommandError(`the audit log is not what it was: ${count} findings`, 1);
  } finally {
    await parts.stop();
  }
};

/** `rekall audit`. */
export const auditCommand = (terminal: Terminal): Command => {
  const audit = new Command('audit')
    .description('who did what')
    .addHelpText(
      'after',
      '\nExamples:\n  rekall audit search --outcome denied\n  rekall audit verify --dir /srv/rekall',
    );
  audit.addCommand(
    listCommand('search', 'events of the audit log, newest first; the search itself is recorded', [
      'rekall audit search --outcome denied --from 2026-03-01',
      'rekall audit search --object hunt:H_0123456789abcdef --json',
      'rekall audit search --actor U_0123456789abcdef --action collections.read --csv',
    ])
      .option('--actor <id>', 'a user id, system:worker, system:admin or anonymous')
      .option('--action <action>', 'a permission or an act, such as hunts.create')
      .option('--object <kind[:id]>', 'what it was done to', objectOf)
      .option('--outcome <outcome>', 'done, denied or failed')
      .option('--from <time>', 'from this time on', time)
      .option('--to <time>', 'before this time', time)
      .action((options: SearchOptions) => search(options, terminal)),
  );
  audit.addCommand(
    new Command('verify')
      .description('finds edited, deleted, inserted and re-ordered events; ends with 1 when there are any')
      .option('--dir <dir>', 'the deployment’s folder', DEFAULT_DIR)
      .option('--json', 'print the answer as JSON')
      .addHelpText(
        'after',
        '\nExamples:\n  rekall audit verify --dir /srv/rekall\n  rekall audit verify --json | jq .findings',
      )
      .action((options: { dir: string; json?: boolean }) => verify(options, terminal)),
  );
  return audit;
};
