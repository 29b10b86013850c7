import type { CollectionSpec } from '#wire';
import { BadReadRequest, CollectionRefused, ReaderFailed, ResourceExceeded, WhereFailed } from './errors.js';
import { checkCollectionFile } from './integrity.js';
import type { Budget, PageBody, PageRequest, StopReason } from './protocol.js';
import { PageAnswer } from './reader-answers.js';
import type { Answered, ReaderChild } from './reader-child.js';
import type { MergeCursor, MergedPage, MergeFile, MergeQuery, Omitted } from './reader-types.js';
import { columnsOf, cursorOf, limitOf, rowOf, shapeOf, tableOf, whereOf } from './requests.js';
import type { Json } from './types.js';

/** A page with so many bad files ends, so that a bad fleet cannot hold it for long. */
const MAX_FAILURES = 100;
/** Once less than this share of the answer's size is left, the page ends rather than cut the next file's rows. */
const ROOM_SHARE = 0.5;
const CLIENT_ID = 'client_id';

const mergedName = (column: string): string => (column === CLIENT_ID ? `reported_${CLIENT_ID}` : column);

/** What says something about one file (or its data), and so must not hold up the others. */
const isOfOneFile = (error: unknown): error is Error =>
  error instanceof CollectionRefused ||
  error instanceof ResourceExceeded ||
  error instanceof ReaderFailed ||
  (error instanceof WhereFailed && error.kind === 'eval');

/** The process that reads file after file; another one only after one had to be killed. */
export class ReaderSequence {
  private child: ReaderChild | undefined;

  constructor(private readonly start: () => Promise<ReaderChild>) {}

  async page(file: string, request: Omit<PageRequest, 'file'>): Promise<Answered<PageBody>> {
    await checkCollectionFile(file);
    if (this.child?.alive === false) await this.close();
    this.child ??= await this.start();
    const name = await this.child.offer(file);
    return await this.child.ask({ ...request, file: name }, PageAnswer);
  }

  async close(): Promise<void> {
    await this.child?.close();
    this.child = undefined;
  }
}

/** A merged page in the making. */
class Gathering {
  readonly rows: Readonly<Record<string, Json>>[] = [];
  readonly failures: { clientId: string; error: Error }[] = [];
  scanned = 0;
  bytes = 0;
  private omitted: Omitted = { tooLarge: 0, mistyped: 0 };

  add(clientId: string, names: readonly string[], { body, bytes }: Answered<PageBody>): void {
    for (const cells of body.rows) this.rows.push(rowOf([CLIENT_ID, ...names], [clientId, ...cells]));
    this.scanned += body.scanned;
    // The client's name is on every row.
    this.bytes += bytes + body.rows.length * (clientId.length + CLIENT_ID.length + 6);
    this.omitted = {
      tooLarge: this.omitted.tooLarge + body.tooLarge,
      mistyped: this.omitted.mistyped + body.mistyped,
    };
  }

  page(next?: MergeCursor, partial?: StopReason): MergedPage {
    const { rows, failures, scanned, omitted } = this;
    return {
      rows,
      failures,
      scanned,
      omitted,
      ...(next === undefined ? {} : { next }),
      ...(partial === undefined ? {} : { partial }),
    };
  }
}

/**
 * A page of many files, file by file in the order given: only as many are fetched and opened as the page needs.
 * @param budget of the whole page: its time is shared by the files
 * @param readers started when first needed; the caller closes it
 */
export const mergeFiles = async (
  files: readonly MergeFile[],
  spec: CollectionSpec,
  query: MergeQuery,
  budget: Budget,
  readers: ReaderSequence,
): Promise<MergedPage> => {
  const table = tableOf(spec, query.table);
  const columns = columnsOf(table, query.columns);
  const names = columns.map(mergedName);
  const limit = limitOf(query.limit);
  const shape = shapeOf(table, mergedName);
  const from = query.after?.file ?? 0;
  if (!Number.isSafeInteger(from) || from < 0 || from > files.length)
    throw new BadReadRequest(`the cursor names file ${from} of ${files.length}`);
  const end = performance.now() + budget.softMs;
  const gathered = new Gathering();
  let cursor = cursorOf(query.after?.after);
  for (const [index, { clientId, file }] of [...files.entries()].slice(from)) {
    if (gathered.rows.length === limit) return gathered.page({ file: index });
    if (gathered.failures.length === MAX_FAILURES) return gathered.page({ file: index }, 'time');
    const [time, room] = [end - performance.now(), budget.maxBytes - gathered.bytes];
    if (time <= 0 && index > from) return gathered.page({ file: index }, 'time');
    if (room < budget.maxBytes * ROOM_SHARE) return gathered.page({ file: index }, 'response');
    try {
      const answered = await readers.page(typeof file === 'string' ? file : await file(), {
        op: 'page',
        table: shape,
        columns,
        limit: limit - gathered.rows.length,
        ...cursor,
        ...whereOf(query, { [CLIENT_ID]: clientId }),
        budget: { ...budget, softMs: Math.max(1, time), maxBytes: room },
      });
      gathered.add(clientId, names, answered);
      const { next, partial } = answered.body;
      if (next !== undefined) return gathered.page({ file: index, after: next }, partial);
    } catch (error) {
      if (!isOfOneFile(error)) throw error;
      gathered.failures.push({ clientId, error });
    }
    cursor = {};
  }
  return gathered.page();
};
