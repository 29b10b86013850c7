import { EfilterError, formatError, parse, rows } from '#efilter';
import { pushDown } from '#sources';
import type { CollectAction } from '#wire';
import { MODES } from '../modes.js';
import { LIMITS } from '../sources/limits.js';
import { SOURCES_BY_NAME } from '../sources/registry.js';
import type { ActionRunner } from './action.js';

/** A query that failed: the message shows where. */
class QueryFailed extends Error {
  override readonly name = 'QueryFailed';
}

/** Of the action's queries the first whose mode this agent offers. */
const chooseQuery = (queries: CollectAction['queries']): string => {
  const found = Object.entries(queries).find(([mode]) => MODES.some((offered) => offered === mode));
  if (found === undefined)
    throw new QueryFailed(
      `no query for this agent: it offers ${MODES.join(', ')}, asked for ${Object.keys(queries).join(', ')}`,
    );
  return found[1];
};

/** Runs a query into a collection of one table. */
export const collect: ActionRunner<CollectAction> = async (action, { environment, output }) => {
  const query = chooseQuery(action.queries);
  const [table, ...others] = action.collection.tables;
  if (table === undefined || others.length > 0)
    throw new QueryFailed('a query fills a collection of exactly one table');
  try {
    const parsed = pushDown(parse(query, action.query_parameters), SOURCES_BY_NAME);
    await output.collection(action.collection, { query }, (collection) => {
      for (const row of rows(parsed, environment, { limits: LIMITS })) collection.insert(table.name, row);
    });
  } catch (error) {
    if (!(error instanceof EfilterError)) throw error;
    throw new QueryFailed(formatError(error, query), { cause: error });
  }
};
