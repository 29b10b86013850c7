import { EfilterError, parse, sourcesOf } from '#efilter';
import type { CollectAction, Spec } from '#wire';
import { MODES } from '../modes.js';

interface QueryText {
  text: string;
  params?: CollectAction['query_parameters'];
}

/** Sources that a query reads; none for one that cannot be parsed, which fails with its reason when it is run. */
const sourcesOfQuery = ({ text, params }: QueryText): string[] => {
  try {
    return [...sourcesOf(parse(text, params))];
  } catch (error) {
    if (error instanceof EfilterError) return [];
    throw error;
  }
};

const queriesOf = (action: Spec['actions'][number]): QueryText[] => {
  const conditions = action.condition === undefined ? [] : [{ text: action.condition }];
  if (action.__type__ === 'ListDirectory' && action.filter !== undefined)
    return [...conditions, { text: action.filter }];
  if (action.__type__ !== 'Collect') return conditions;
  const chosen = Object.entries(action.queries).find(([mode]) => MODES.includes(mode));
  return chosen === undefined ? conditions : [...conditions, { text: chosen[1], params: action.query_parameters }];
};

/** Every source that a flow would read here: of its condition, its actions and theirs. */
export const sourcesIn = (spec: Pick<Spec, 'condition' | 'actions'>): string[] => {
  const queries = [
    ...(spec.condition === undefined ? [] : [{ text: spec.condition }]),
    ...spec.actions.flatMap(queriesOf),
  ];
  return [...new Set(queries.flatMap(sourcesOfQuery))];
};
