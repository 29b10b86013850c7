/**
 * Reading collections, all of which are hostile until proven otherwise: in a child process without rights, by the
 * spec that Postgres holds. Nothing here opens SQLite.
 */
import type { CollectionSpec } from '#wire';
import { BadReadRequest, ReaderFailed } from './errors.js';
import { checkCollectionFile } from './integrity.js';
import { mergeFiles, ReaderSequence } from './merge.js';
import type { Budget, ReadRequest } from './protocol.js';
import { CountAnswer, DescribeAnswer, GroupAnswer, PageAnswer } from './reader-answers.js';
import { ReaderChild } from './reader-child.js';
import type {
  Count,
  CountQuery,
  Description,
  GroupQuery,
  Groups,
  MergedPage,
  MergeFile,
  MergeQuery,
  Page,
  PageQuery,
  ReaderOptions,
} from './reader-types.js';
import { columnsOf, cursorOf, limitOf, rowOf, shapeOf, softMs, tableOf, whereOf } from './requests.js';
import { Slots } from './slots.js';
import type { z } from 'zod';

export * from './errors.js';
export * from './integrity.js';
export { type ReaderProgram, readerProgram } from './reader-program.js';
export type * from './reader-types.js';
export type { Json } from './types.js';

const MIB = 1024 * 1024;
const MAX_GROUP_COLUMNS = 8;
/** What the process has beyond its time before it ends itself: only when its parent is gone. */
const ORPHAN_MS = 2_000;

/** A request without the file's name, which the process's folder gives. */
type Question = ReadRequest extends infer R ? (R extends ReadRequest ? Omit<R, 'file'> : never) : never;

/**
 * Reads unpacked collections (see `unpackCollection`) in child processes, each started for one call and then ended.
 * `spec` is the one that we sent, never the file's own: only what it declares is read, and a file that lacks a declared
 * table or column is refused.
 *
 * Every method throws CollectionRefused (the file), ResourceExceeded (the cost), WhereFailed (the condition),
 * BadReadRequest (the caller's names and numbers) or ReaderFailed (a defect).
 */
export class CollectionReader {
  private readonly slots: Slots;
  private readonly budget: Budget;

  constructor(private readonly options: ReaderOptions) {
    this.slots = new Slots(options.maxReaders ?? 4, options.maxWaiting ?? 64);
    this.budget = {
      softMs: softMs(options.timeoutMs),
      hardMs: options.timeoutMs + ORPHAN_MS,
      maxBytes: options.maxResponseBytes,
      maxCellBytes: options.maxCellBytes ?? MIB,
    };
  }

  /** Row counts of the declared tables, and what the file says of itself. */
  async describe(file: string, spec: CollectionSpec): Promise<Description> {
    const body = await this.ask(
      file,
      { op: 'describe', tables: spec.tables.map((table) => shapeOf(table)), budget: this.budget },
      DescribeAnswer,
    );
    return {
      tables: spec.tables.map(({ name, columns }, index) => ({ name, columns, rows: exists(body.rows[index]) })),
      metadata: Object.fromEntries(body.metadata),
    };
  }

  /** A page of a table's rows, in the file's order or a column's. */
  async page(file: string, spec: CollectionSpec, query: PageQuery): Promise<Page> {
    const table = tableOf(spec, query.table);
    const columns = columnsOf(table, query.columns);
    const { orderBy } = query;
    if (orderBy !== undefined) columnsOf(table, [orderBy.column]);
    const body = await this.ask(
      file,
      {
        op: 'page',
        table: shapeOf(table),
        columns,
        limit: limitOf(query.limit),
        ...cursorOf(query.after),
        ...(orderBy === undefined
          ? {}
          : { orderBy: { column: orderBy.column, descending: orderBy.direction === 'desc' } }),
        ...whereOf(query),
        budget: this.budget,
      },
      PageAnswer,
    );
    const { tooLarge, mistyped, rows, ...progress } = body;
    return { ...progress, rows: rows.map((cells) => rowOf(columns, cells)), omitted: { tooLarge, mistyped } };
  }

  /** How many rows there are, or hold. A partial count goes on at `next`. */
  async count(file: string, spec: CollectionSpec, query: CountQuery): Promise<Count> {
    const table = shapeOf(tableOf(spec, query.table));
    return await this.ask(
      file,
      { op: 'count', table, ...cursorOf(query.after), ...whereOf(query), budget: this.budget },
      CountAnswer,
    );
  }

  /** The values that the columns have together, with how many rows have them; the most frequent first. */
  async group(file: string, spec: CollectionSpec, query: GroupQuery): Promise<Groups> {
    const table = tableOf(spec, query.table);
    const by = columnsOf(table, query.by);
    if (by.length > MAX_GROUP_COLUMNS) throw new BadReadRequest(`at most ${MAX_GROUP_COLUMNS} columns make a group`);
    const body = await this.ask(
      file,
      { op: 'group', table: shapeOf(table), by, limit: limitOf(query.limit), budget: this.budget },
      GroupAnswer,
    );
    return {
      groups: body.groups.map(({ cells, count }) => ({ values: rowOf(by, cells), count })),
      more: body.more,
    };
  }

  /**
   * A page of one table over many clients' files, file by file in the order given, each row with its `client_id`.
   * One process reads them in turn; a file is fetched and opened only when the page comes to it.
   */
  async mergePage(files: readonly MergeFile[], spec: CollectionSpec, query: MergeQuery): Promise<MergedPage> {
    return await this.slots.run(async () => {
      const readers = new ReaderSequence(() => ReaderChild.start(this.options));
      try {
        return await mergeFiles(files, spec, query, this.budget, readers);
      } finally {
        await readers.close();
      }
    });
  }

  private async ask<Body>(file: string, question: Question, schema: z.ZodType<Body>): Promise<Body> {
    return await this.slots.run(async () => {
      await checkCollectionFile(file);
      const child = await ReaderChild.start(this.options);
      try {
        const { body } = await child.ask({ ...question, file: await child.offer(file) }, schema);
        return body;
      } finally {
        await child.close();
      }
    });
  }
}

const exists = (rows: number | undefined): number => {
  if (rows === undefined) throw new ReaderFailed('the reader process gave fewer tables than it was asked for');
  return rows;
};
