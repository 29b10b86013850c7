import { type Command, Option } from 'commander';
import { check, formatDiagnostic, placeOf, print } from '#efilter';
import { DECLARED_BY_NAME, DECLARED_SOURCES, pushDown, ROW_COLUMNS, ROW_KINDS, type RowKind } from '#sources';
import { CommandError } from '../../errors.js';
import { printableLines, safeJson } from '../../output/escape.js';
import type { Terminal } from '../../terminal.js';
import { aboutQuery, parsedQuery, type QueryOptions, queryText } from './query-text.js';

/** `rekall query validate`: exit code 1 for a query that is malformed or sure to fail. */
export const queryValidateCommand = (terminal: Terminal): Command =>
  aboutQuery('validate', 'looks for mistakes by what agents declare: sources, columns, arguments, kinds', [
    `rekall query validate "any from agent_info() where key=='system' and value=='Linux'"`,
    `rekall query validate 'select Name from pslist() where pid == ?' --parameters '[1]'`,
    "rekall query validate --rows listing 'st_size > 100'",
    'rekall query validate --file hunt.efilter --json',
  ])
    .addOption(
      new Option('--rows <kind>', 'it is a bare condition on rows of this kind, as the filter of a listing is').choices(
        ROW_KINDS,
      ),
    )
    .action(async (argument: string | undefined, options: QueryOptions & { rows?: RowKind }) => {
      const text = await queryText(argument, options);
      const query = parsedQuery(text, options.parameters);
      const row = options.rows === undefined ? undefined : ROW_COLUMNS[options.rows];
      const diagnostics = check(pushDown(query, DECLARED_BY_NAME), DECLARED_SOURCES, row);
      const errors = diagnostics.filter(({ severity }) => severity === 'error').length;
      if (options.json === true) {
        const placed = diagnostics.map((found) => ({ ...found, ...placeOf(text, found.start) }));
        terminal.out(safeJson({ valid: errors === 0, text: print(query), diagnostics: placed }));
      } else {
        for (const found of diagnostics) terminal.out(printableLines(formatDiagnostic(found, text)));
        if (errors === 0)
          terminal.out(diagnostics.length === 0 ? 'valid' : `valid, ${String(diagnostics.length)} to look at`);
      }
      if (errors > 0)
        throw new CommandError(`the query would fail: ${String(errors)} mistake${errors === 1 ? '' : 's'}`);
    });
