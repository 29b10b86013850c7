import type { SourceParam } from '#sources';
import { EXAMPLES } from './examples.js';
import type { Source } from './source.js';

const paramText = ({ name, type, array, required, default: otherwise }: SourceParam): string => {
  const kind = `${name}${array === true ? '[]' : ''}: ${type ?? 'any'}`;
  if (required === true) return `${kind}, required`;
  return otherwise === undefined ? kind : `${kind} = ${JSON.stringify(otherwise)}`;
};

const platformsText = ({ platforms }: Source): string => (platforms === 'all' ? 'all' : platforms.join(', '));

/** A source as one row of a table: name and description, platforms, parameters, columns. */
export const sourceCells = (source: Source): string[] => [
  `${source.name}: ${source.description}`,
  platformsText(source),
  source.params.map(paramText).join('; '),
  Object.keys(source.columns).join(', '),
];

const section = (source: Source): string => {
  const lines = [`## ${source.name}`, '', source.description, '', `Platforms: ${platformsText(source)}.`];
  if (source.params.length > 0)
    lines.push('', ...source.params.map((param) => `- \`${paramText(param)}\`: ${param.description}`));
  const pushed = Object.entries(source.pushdown ?? {});
  for (const [column, param] of pushed)
    lines.push('', `\`where ${column} == ...\` is read by \`${param}\`: only what is asked for is looked at.`);
  lines.push('', '| column | type |', '| --- | --- |');
  for (const [name, type] of Object.entries(source.columns)) lines.push(`| ${name} | ${type} |`);
  return lines.join('\n');
};

/** A cell of a table: what would end it is escaped. */
const cell = (text: string): string => `\`${text.replaceAll('|', String.raw`\|`)}\``;

const exampleRow = ({ name }: Source): string => {
  const example = EXAMPLES[name];
  if (example === undefined) throw new Error(`${name} has no example: write one down in examples.ts`);
  return `| ${name} | ${cell(example.query)} | ${cell(example.row ?? example.error ?? '')} |`;
};

/** All sources as a page. */
export const sourcesPage = (sources: readonly Source[]): string =>
  [
    '# Sources',
    '',
    'What EFILTER queries can read on an agent. Printed by `rekall-agent sources`; this page is generated from the same',
    'declarations: `node scripts/emit-sources.mjs`.',
    '',
    ...sources.flatMap((source) => [section(source), '']),
    '## A row of each',
    '',
    'From a Debian 12 machine; of what it cannot have, what the source says there.',
    '',
    '| source | query | a row |',
    '| --- | --- | --- |',
    ...sources.map(exampleRow),
    '',
  ].join('\n');
