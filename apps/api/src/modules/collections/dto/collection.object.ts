import { ArgsType, Field, ID, Int, ObjectType } from '@nestjs/graphql';
import { z } from 'zod';
import { connectionType, PageArgs, PageInfo, type Paging } from '../../../platform/graphql/connection.js';
import { BigInteger, DateTime, Json } from '../../../platform/graphql/scalars.js';
import type { RowsPage } from '../collections.service.js';
import type { Collection } from '../domain/collection.js';

@ObjectType('Column')
export class ColumnType {
  @Field(() => String)
  name!: string;

  @Field(() => String)
  type!: string;
}

@ObjectType('Table')
export class TableType {
  @Field(() => String)
  name!: string;

  @Field(() => [ColumnType])
  columns!: ColumnType[];
}

/** A collection with the tables of its spec. */
export type CollectionNode = Omit<Collection, 'schema'> & { tables: TableType[] };

export const toCollectionNode = ({ schema, ...collection }: Collection): CollectionNode => ({
  ...collection,
  tables: schema.tables.map(({ name, columns }) => ({ name, columns })),
});

@ObjectType('Collection', { description: 'A result collection in the bucket: what a verified ticket said of it' })
export class CollectionObject implements CollectionNode {
  @Field(() => ID)
  id!: string;

  @Field(() => ID, { description: 'The flow or hunt' })
  flowId!: string;

  @Field(() => ID)
  clientId!: string;

  @Field(() => Int)
  attempt!: number;

  @Field(() => String)
  name!: string;

  @Field(() => String)
  key!: string;

  @Field(() => String)
  etag!: string;

  @Field(() => BigInteger)
  storedBytes!: bigint;

  @Field(() => String)
  storedSha256!: string;

  @Field(() => BigInteger)
  contentBytes!: bigint;

  @Field(() => String)
  contentSha256!: string;

  @Field(() => BigInteger, { name: 'rowCount' })
  rows!: bigint;

  @Field(() => Json, { description: 'Rows of each table' })
  rowCounts!: unknown;

  @Field(() => [TableType])
  tables!: TableType[];

  @Field(() => [String], { description: 'Columns of the query that the spec does not have' })
  droppedColumns!: string[];

  @Field(() => BigInteger, { description: 'Values of a wrong type, stored as NULL' })
  nullCoerced!: bigint;

  @Field(() => DateTime)
  reportedAt!: Date;
}

export const CollectionConnection = connectionType(CollectionObject, 'Collection');

export const collectionPaging = (
  flowId: string | undefined,
  clientId: string | undefined,
): Paging<Collection, string> => ({
  query: ['collections', flowId, clientId],
  position: z.string(),
  of: ({ id }) => id,
});

@ArgsType()
export class CollectionsArgs extends PageArgs {
  @Field(() => ID, { nullable: true, description: 'A flow or hunt' })
  flowId?: string | null;

  @Field(() => ID, { nullable: true })
  clientId?: string | null;
}

@ObjectType('RowFailure', { description: 'A client whose file could not be read' })
class RowFailure {
  @Field(() => ID)
  clientId!: string;

  @Field(() => String)
  message!: string;
}

@ObjectType('Rows')
export class RowsObject {
  @Field(() => [ColumnType])
  columns!: ColumnType[];

  @Field(() => [Json], { description: 'An object of the columns each' })
  rows!: unknown[];

  @Field(() => PageInfo)
  pageInfo!: PageInfo;

  @Field(() => Int, { description: 'Rows that were looked at for this page' })
  scanned!: number;

  @Field(() => Boolean, { description: 'You see a part of the fleet: rows of other clients are not here' })
  partial!: boolean;

  @Field(() => [RowFailure])
  failures!: RowFailure[];
}

/** @param seal makes the opaque cursor of a position */
export const toRows = <Next>({ next, rows, ...page }: RowsPage<Next>, seal: (next: Next) => string): RowsObject => ({
  ...page,
  rows: [...rows],
  pageInfo: { hasNextPage: next !== undefined, endCursor: next === undefined ? null : seal(next) },
});

@ArgsType()
export class RowsArgs extends PageArgs {
  @Field(() => String, { nullable: true, description: 'The first one unless given' })
  table?: string | null;

  @Field(() => String, { nullable: true, description: 'EFILTER over the columns: pid > 100 and name =~ "ssh"' })
  where?: string | null;
}

@ArgsType()
export class HuntRowsArgs extends RowsArgs {
  @Field(() => String, { nullable: true, description: 'Needed when the hunt has several' })
  collection?: string | null;
}
