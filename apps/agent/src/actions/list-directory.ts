import { EfilterError, filterRows, formatError, parse, type Query } from '#efilter';
import { LISTING_COLLECTION, type ListDirectoryAction } from '#wire';
import { listHere, listInThread } from '../files/listing.js';
import { listingRows } from '../files/listing-rows.js';
import type { ListingBatch } from '../files/listing-walk.js';
import { problemRow } from '../files/stat-entry.js';
import { LIMITS } from '../sources/limits.js';
import type { ActionRunner } from './action.js';

/** A filter that failed: the message shows where. */
class FilterFailed extends Error {
  override readonly name = 'FilterFailed';
}

const absolute = (path: string): string => {
  if (!path.startsWith('/') || path.split('/').includes('..'))
    throw new FilterFailed(`path ${path}: it must be absolute, without ..`);
  return path === '/' ? path : path.replaceAll(/\/+/g, '/').replace(/\/$/, '');
};

/** Lists a directory, deeper where asked, into a collection that lies under its path. */
export const listDirectory: ActionRunner<ListDirectoryAction> = async (action, context) => {
  const { output, environment, tell, threads } = context;
  const root = absolute(action.path);
  const options = { depth: action.depth, oneDevice: action.one_device };
  const text = action.filter;
  let filter: Query | undefined;
  try {
    filter = text === undefined ? undefined : parse(text);
    await output.collection(
      LISTING_COLLECTION,
      { listing: root, ...(text === undefined ? {} : { query: text }) },
      async (rows) => {
        const list = threads && action.depth > 1 ? listInThread : listHere;
        const summary = await list(root, options, {
          batch(batch: ListingBatch) {
            output.check();
            const found = listingRows(batch);
            const wanted = filter === undefined ? found : filterRows(filter, found, environment, { limits: LIMITS });
            for (const row of wanted) rows.insert('entries', row);
          },
          problem: (problem) => rows.insert('problems', problemRow(problem)),
        });
        if (summary !== undefined) tell({ kind: 'log', level: 'warn', message: `${root}: ${summary}` });
      },
    );
  } catch (error) {
    if (!(error instanceof EfilterError)) throw error;
    throw new FilterFailed(`filter: ${formatError(error, text ?? '')}`, { cause: error });
  }
};
