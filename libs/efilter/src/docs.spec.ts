import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  drain,
  EfilterError,
  evaluate,
  formatError,
  type Environment,
  type HostFunction,
  type QueryParams,
} from './index.js';

const text = readFileSync(new URL('../../../docs/efilter.md', import.meta.url), 'utf8');

interface Block {
  readonly head: string;
  readonly body: string;
}

const blocks: Block[] = [...text.matchAll(/^```(\S[^\n]*)\n([\s\S]*?)^```$/gm)].map(([, head = '', body = '']) => ({
  head,
  body: body.replace(/\n$/, ''),
}));

const sources = blocks
  .filter(({ head }) => head.startsWith('json source='))
  .map(({ head, body }): HostFunction => {
    const given = JSON.parse(body) as readonly Record<string, never>[];
    return { name: head.slice('json source='.length), kind: 'source', params: [], call: () => given };
  });
const env: Environment = { functions: Object.fromEntries(sources.map((source) => [source.name, source])) };

const examples = blocks.flatMap(({ head, body }, index) => {
  if (!head.startsWith('efilter')) return [];
  const params = /params=(.*)$/.exec(head)?.[1];
  return [
    {
      query: body,
      params: params === undefined ? undefined : (JSON.parse(params) as QueryParams),
      answer: blocks[index + 1],
    },
  ];
});

function outcome(query: string, params: QueryParams | undefined): { head: string; body: unknown } {
  try {
    return { head: 'json', body: drain(evaluate(query, env, params === undefined ? {} : { params })) };
  } catch (error) {
    if (!(error instanceof EfilterError)) throw error;
    return { head: 'text', body: formatError(error, query) };
  }
}

describe('the examples of docs/efilter.md', () => {
  it('are all found: each block is a source, a query or the answer of one', () => {
    expect(sources).toHaveLength(3);
    expect(examples.length).toBeGreaterThan(25);
    expect(blocks).toHaveLength(sources.length + 2 * examples.length);
    expect(examples.filter(({ answer }) => answer?.head === 'text')).toHaveLength(10);
  });

  it.each(examples.map((example) => [example.query, example] as const))('%s', (query, { params, answer }) => {
    const { head, body } = outcome(query, params);
    expect(head).toBe(answer?.head);
    expect(body).toEqual(head === 'json' ? JSON.parse(answer?.body ?? '') : answer?.body);
  });
});
