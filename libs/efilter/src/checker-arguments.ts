import type { CallNode, Expression } from './ast.js';
import type { Kind } from './checker-kinds.js';
import { parameterOf } from './compile-call.js';
import type { HostFunction, Parameter } from './environment.js';
import type { Span } from './span.js';
import type { LibraryFunction } from './stdlib/library.js';

/** What is wrong with an argument, and where. */
interface Problem {
  readonly message: string;
  readonly at: Span;
}

/** Looks whether a call's arguments fit the function: of the host if there is one, else of the library. */
export function checkArguments(
  node: CallNode,
  host: HostFunction | undefined,
  library: LibraryFunction | undefined,
  kindOf: (value: Expression) => Kind | undefined,
): readonly Problem[] {
  if (host !== undefined) return host.params === undefined ? [] : fit(node, host.params, (name) => name, kindOf);
  if (library === undefined) return [];
  if (library.callNamed !== undefined) {
    return node.arguments
      .filter(({ keyword }) => keyword === undefined)
      .map((at) => ({ message: `${node.name} takes name: value pairs.`, at }));
  }
  if (library.variadic === true) {
    return node.arguments.flatMap(({ keyword }) =>
      keyword === undefined ? [] : [{ message: `${node.name} takes no argument named ${keyword.name}.`, at: keyword }],
    );
  }
  const required = library.required ?? library.params.length;
  const texts = library.texts ?? [];
  const params = library.params.map((name, index): Parameter => ({
    name,
    required: index < required,
    ...(texts.includes(name) ? { type: 'string' } : {}),
  }));
  return fit(node, params, (name) => parameterOf(library, name), kindOf);
}

function fit(
  node: CallNode,
  params: readonly Parameter[],
  meant: (keyword: string) => string,
  kindOf: (value: Expression) => Kind | undefined,
): Problem[] {
  const problems: Problem[] = [];
  const given = new Set<string>();
  let place = 0;
  for (const argument of node.arguments) {
    const { keyword, value } = argument;
    const param = keyword === undefined ? params[place++] : params.find(({ name }) => name === meant(keyword.name));
    const at = keyword ?? argument;
    if (keyword === undefined && value.kind === 'pair') {
      problems.push({ message: 'The name of an argument must be a bare word.', at });
    } else if (param === undefined) {
      const message =
        keyword === undefined
          ? `${node.name} takes ${String(params.length)} arguments, not ${String(node.arguments.length)}.`
          : `${node.name} takes no argument named ${keyword.name}.`;
      problems.push({ message, at });
    } else if (given.has(param.name)) {
      problems.push({ message: `${node.name} got its argument ${keyword?.name ?? param.name} twice.`, at });
    } else {
      const kind = kindOf(value);
      if (!fits(param, kind)) {
        const message = `The argument ${param.name} of ${node.name} must be a ${param.type ?? 'value'}, not a ${kind ?? 'value'}.`;
        problems.push({ message, at: value });
      }
    }
    if (param !== undefined) given.add(param.name);
  }
  for (const param of params) {
    if (param.required === true && param.default === undefined && !given.has(param.name)) {
      problems.push({ message: `${node.name} needs its argument ${param.name}.`, at: node });
    }
  }
  return problems;
}

/** Null always fits; so does a list, whose elements are looked at when the query runs. */
function fits({ type }: Parameter, kind: Kind | undefined): boolean {
  return type === undefined || kind === undefined || kind === 'null' || kind === 'list' || kind === type;
}
