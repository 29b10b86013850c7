import type { Expression } from './ast.js';
import { walk } from './visitor.js';

/**
 * The tree as text: one node a line with its kind, what is its own, and its place; children are indented. The links of
 * a chain such as `a or b or c` stand at one level.
 */
export function treeOf(root: Expression): string {
  const lines: string[] = [];
  walk(root, (node, depth) => {
    const own = ownOf(node);
    const label = own === '' ? node.kind : `${node.kind} ${own}`;
    lines.push(`${'  '.repeat(depth - 1)}${label}  [${String(node.start)}-${String(node.end)}]`);
  });
  return lines.join('\n');
}

/** What a node says besides its children. */
function ownOf(node: Expression): string {
  switch (node.kind) {
    case 'literal':
      return JSON.stringify(node.value);
    case 'variable':
    case 'null':
    case 'member':
    case 'call':
      return node.name;
    case 'unary':
    case 'binary':
      return node.operator;
    case 'let':
      return node.bindings.map(({ name }) => name).join(', ');
    case 'select': {
      const names = [...(node.star === true || node.columns === undefined ? ['*'] : [])];
      for (const { name } of node.columns ?? []) names.push(name);
      const clauses = (['where', 'groupBy', 'orderBy', 'limit', 'offset'] as const).filter(
        (clause) => node[clause] !== undefined,
      );
      return [names.join(', '), ...clauses].join(' | ');
    }
    case 'isa':
    case 'subscript':
    case 'slice':
    case 'pair':
    case 'repeat':
    case 'list':
    case 'map':
    case 'filter':
    case 'sort':
    case 'each':
    case 'foreach':
    case 'any':
    case 'cast':
    case 'bind':
    case 'if':
      return '';
  }
}
