import type { BinaryNode, Expression } from './ast.js';

/** The nodes directly below a node, in the order of the text. */
export function childrenOf(node: Expression): readonly Expression[] {
  switch (node.kind) {
    case 'literal':
    case 'null':
    case 'variable':
      return [];
    case 'unary':
      return [node.operand];
    case 'binary':
      return [node.left, node.right];
    case 'isa':
    case 'cast':
      return [node.value, node.type];
    case 'member':
      return [node.object];
    case 'subscript':
      return [node.object, node.key];
    case 'slice':
      return present(node.object, node.from, node.to);
    case 'pair':
      return [node.key, node.value];
    case 'repeat':
    case 'list':
      return node.items;
    case 'call':
      return node.arguments.map((argument) => argument.value);
    case 'map':
    case 'filter':
    case 'sort':
    case 'each':
    case 'foreach':
      return [node.rows, node.body];
    case 'any':
      return present(node.rows, node.condition);
    case 'bind':
      return node.entries.flatMap((entry) => present(entry.key, entry.value));
    case 'if':
      return present(...node.branches.flatMap((branch) => [branch.condition, branch.result]), node.otherwise);
    case 'let':
      return [...node.bindings.map((binding) => binding.value), node.body];
    case 'select':
      return present(
        ...(node.columns ?? []).map((column) => column.value),
        node.from,
        node.where,
        ...(node.groupBy ?? []),
        node.orderBy?.key,
        node.limit,
        node.offset,
      );
  }
}

/** Calls `see` for every node of the tree, parents first, without recursion. */
export function walk(root: Expression, see: (node: Expression, depth: number) => void): void {
  const open: { node: Expression; depth: number }[] = [{ node: root, depth: 1 }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    see(next.node, next.depth);
    const children = childrenOf(next.node);
    for (let index = children.length - 1; index >= 0; index -= 1) {
      const node = children[index];
      if (node !== undefined) open.push({ node, depth: depthOf(next.node, node, next.depth) });
    }
  }
}

/** A chain such as `a or b or c` counts as one level: it is evaluated in a loop. */
function depthOf(parent: Expression, child: Expression, depth: number): number {
  const chained = parent.kind === 'binary' && child === parent.left && isChain(parent, child);
  return chained ? depth : depth + 1;
}

function isChain(parent: Expression, left: Expression): boolean {
  return parent.kind === 'binary' && left.kind === 'binary' && familyOf(parent.operator) === familyOf(left.operator);
}

/**
 * A chain of operators of one family, such as `a + b - c`: its first operand and then its nodes from left to right,
 * each of which brings a right operand. Whoever goes through a chain in a loop needs no stack for its length.
 */
export function chainOf(node: BinaryNode): { readonly first: Expression; readonly links: readonly BinaryNode[] } {
  const links: BinaryNode[] = [node];
  let at = node;
  while (at.left.kind === 'binary' && isChain(at, at.left)) {
    at = at.left;
    links.push(at);
  }
  return { first: at.left, links: links.reverse() };
}

function familyOf(operator: string): string {
  if (operator === 'and' || operator === 'or') return operator;
  if (operator === '+' || operator === '-') return 'sum';
  if (operator === '*' || operator === '/') return 'product';
  return 'comparison';
}

function present(...nodes: (Expression | undefined)[]): Expression[] {
  return nodes.filter((node) => node !== undefined);
}
