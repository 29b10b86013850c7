/**
 * One conformance case: how its variables become an environment and how its result is compared.
 * @typedef {object} Library the functions of the query library under test
 */

/** Undefined when the case passes, else what was expected and what came. */
export function runCase(library, testCase) {
  const outcome = answer(library, testCase);
  if (outcome.error !== undefined) return judgeError(library, testCase, outcome.error);
  if (testCase.error) return `expected ${testCase.kind ?? 'any'} error, got ${show(outcome.value)}`;
  const wanted = canonical(testCase.expect, testCase.ordered);
  const got = canonical(outcome.value, testCase.ordered);
  return wanted === got ? undefined : `expected ${show(testCase.expect)}, got ${show(outcome.value)}`;
}

function answer({ drain, evaluate, parse }, { query, params, vars }) {
  try {
    return { value: drain(evaluate(parse(query, params), environment(vars))) };
  } catch (error) {
    return { error };
  }
}

function judgeError({ EfilterError }, testCase, error) {
  const got =
    error instanceof EfilterError ? `${error.kind} error at ${error.start} (${error.message})` : String(error);
  if (!testCase.error) return `expected ${show(testCase.expect)}, got ${got}`;
  if (!(error instanceof EfilterError)) return `expected an EfilterError, got ${error?.stack ?? got}`;
  const { length } = testCase.query;
  const inside = error.start >= 0 && error.start <= error.end && error.end <= length;
  const right =
    (testCase.kind === undefined || testCase.kind === error.kind) &&
    (testCase.at === undefined || testCase.at === error.start);
  if (inside && right) return undefined;
  return `expected ${testCase.kind ?? 'any'} error${testCase.at === undefined ? '' : ` at ${testCase.at}`}, got ${got}`;
}

/** Variables as they are; `name()` forms as functions and sources. */
export function environment(vars = {}) {
  const functions = {};
  const variables = {};
  for (const [key, value] of Object.entries(vars)) {
    if (key.endsWith('()')) functions[key.slice(0, -2)] = hostFunction(key.slice(0, -2), value);
    else variables[key] = value;
  }
  return { functions, variables };
}

function hostFunction(name, form) {
  if (Array.isArray(form)) return { name, kind: 'source', call: () => form };
  if (form.$params !== undefined) {
    const params = form.$params.map((param) => ({ name: param, array: true }));
    return { name, kind: 'source', params, call: ({ named }) => form.$rows.filter((row) => passes(row, named)) };
  }
  if (form.$echo === true) {
    return { name, kind: 'function', call: ({ positional, named }) => ({ args: positional, kwargs: named }) };
  }
  if (form.$raise !== undefined) {
    return {
      name,
      kind: 'function',
      call: () => {
        throw new Error(form.$raise);
      },
    };
  }
  if (form.$gen !== undefined) return { name, kind: 'source', call: () => generated(form.$gen) };
  throw new Error(`The case has a function of unknown form: ${name}`);
}

function* generated(count) {
  for (let i = 0; i < count; i += 1) yield { i, mod7: i % 7, name: `n${i}`, even: i % 2 === 0 };
}

/** Whether each named column is one of the argument's values. */
function passes(row, named) {
  return Object.entries(named).every(([column, value]) =>
    (Array.isArray(value) ? value : [value]).some((one) => JSON.stringify(one) === JSON.stringify(row[column] ?? null)),
  );
}

/** One text for all values that the cases call equal: keys in any order, rows in any order unless ordered. */
function canonical(value, ordered) {
  if (Array.isArray(value) && ordered === false)
    return `[${value
      .map((item) => canonical(item))
      .sort()
      .join()}]`;
  if (Array.isArray(value)) return `[${value.map((item) => canonical(item)).join()}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1));
  return `{${entries.map(([name, item]) => `${JSON.stringify(name)}:${canonical(item)}`).join()}}`;
}

function show(value) {
  const text = JSON.stringify(value);
  return text.length > 400 ? `${text.slice(0, 400)}…` : text;
}
