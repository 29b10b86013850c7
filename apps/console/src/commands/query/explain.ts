import type { Command } from 'commander';
import { explain, type SourceUse } from '#efilter';
import { DECLARED_SOURCES } from '#sources';
import { printableLines, safeJson } from '../../output/escape.js';
import type { Terminal } from '../../terminal.js';
import { aboutQuery, parsedQuery, type QueryOptions, queryText } from './query-text.js';

const indented = (text: string): string => printableLines(text).replace(/^/gm, '  ');

const listed = (values: readonly string[]): string => (values.length === 0 ? 'none' : values.join(', '));

const sourceLines = (use: SourceUse): string[] => [
  `  ${use.name}()`,
  `    columns   ${use.columns === undefined ? 'whole rows' : listed(use.columns)}`,
  `    passed on ${listed(Object.entries(use.arguments).map(([name, values]) => `${name}: ${JSON.stringify(values)}`))}`,
  `    to SQL    ${listed(use.sql.pushed)}`,
  `    remains   ${listed(use.sql.rest)}`,
];

/** `rekall query explain`. */
export const queryExplainCommand = (terminal: Terminal): Command =>
  aboutQuery('explain', 'what a query reads, its tree, and which conditions a source or SQL could take over', [
    "rekall query explain 'select Name, pid from pslist() where pid == 5'",
    'rekall query explain --file hunt.efilter --json',
  ]).action(async (argument: string | undefined, options: QueryOptions) => {
    const text = await queryText(argument, options);
    const found = explain(parsedQuery(text, options.parameters), DECLARED_SOURCES);
    if (options.json === true) {
      terminal.out(safeJson(found));
      return;
    }
    terminal.out('canonical');
    terminal.out(indented(found.text));
    terminal.out('tree');
    terminal.out(indented(found.tree));
    terminal.out('sources');
    for (const use of found.sources) terminal.out(printableLines(sourceLines(use).join('\n')));
    if (found.sources.length === 0) terminal.out('  none');
    terminal.out(`functions\n  ${printableLines(listed(found.functions))}`);
  });
