import { Injectable, type Type } from '@nestjs/common';
import { ArgsType, Field, Int, ObjectType } from '@nestjs/graphql';
import type { z } from 'zod';
import type { Principal } from '../access/principal.js';
import { Cursors } from '../http/cursor.js';

/** `first` and `after` of every connection; the range of `first` is checked before anything runs. */
@ArgsType()
export class PageArgs {
  @Field(() => Int, { defaultValue: 50, description: 'At most so many, 1 to 1000' })
  first!: number;

  @Field(() => String, { nullable: true, description: 'endCursor of the page before' })
  after?: string | null;
}

/** `first` of a connection within a list; go on with `after` of the connection at the root that has the same filter. */
@ArgsType()
export class FirstArgs {
  @Field(() => Int, { defaultValue: 50, description: 'At most so many, 1 to 1000' })
  first!: number;
}

@ObjectType()
export class PageInfo {
  @Field(() => Boolean)
  hasNextPage!: boolean;

  @Field(() => String, { nullable: true })
  endCursor!: string | null;
}

/** The connection type of an object type (Relay), with `nodes` for who needs no cursor of each. */
export const connectionType = (item: Type, name: string): Type<ConnectionPage<unknown>> => {
  @ObjectType(`${name}Edge`)
  class Edge {
    @Field(() => item)
    node!: unknown;

    @Field(() => String)
    cursor!: string;
  }
  @ObjectType(`${name}Connection`)
  class Connection implements ConnectionPage<unknown> {
    @Field(() => [Edge])
    edges!: Edge[];

    @Field(() => [item])
    nodes!: unknown[];

    @Field(() => PageInfo)
    pageInfo!: PageInfo;
  }
  return Connection;
};

/** A page of a connection. Cursors are sealed when they are asked for. */
export interface ConnectionPage<T> {
  edges: { node: T; cursor: string }[];
  nodes: T[];
  pageInfo: { hasNextPage: boolean; endCursor: string | null };
}

/** How a list is paged. */
export interface Paging<T, P> {
  /** What must be the same on the next page; REST's, so that cursors of both doors are the same. */
  query: unknown;
  position: z.ZodType<P>;
  of: (item: T) => P;
}

/** Reads pages with sealed cursors: of this caller and this query only. */
@Injectable()
export class Connections {
  constructor(private readonly cursors: Cursors) {}

  /** @param read gives up to `limit` items after a position */
  async read<T, P, N = T>(
    principal: Principal,
    args: PageArgs,
    paging: Paging<T, P>,
    read: (after: P | undefined, limit: number) => Promise<T[]>,
    toNode: (item: T) => N,
  ): Promise<ConnectionPage<N>> {
    const after =
      typeof args.after === 'string'
        ? this.cursors.open(principal.userId, paging.query, args.after, paging.position)
        : undefined;
    return this.page(principal, args.first, paging, await read(after, args.first + 1), toNode);
  }

  /** The page of items that were read already, one more than asked for when there are more. */
  page<T, P, N>(
    principal: Principal,
    first: number,
    paging: Paging<T, P>,
    found: readonly T[],
    toNode: (item: T) => N,
  ): ConnectionPage<N> {
    const seal = (item: T) => this.cursors.seal(principal.userId, paging.query, paging.of(item));
    const items = found.slice(0, first);
    const nodes = items.map(toNode);
    const last = items.at(-1);
    return {
      nodes,
      edges: items.map((item, i) => ({
        node: nodes[i] as N,
        get cursor() {
          return seal(item);
        },
      })),
      pageInfo: {
        hasNextPage: found.length > first,
        get endCursor() {
          return last === undefined ? null : seal(last);
        },
      },
    };
  }
}

/** For nodes that are the items themselves. */
export const asIs = <T>(item: T): T => item;
