import { Inject, Injectable } from '@nestjs/common';
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { HttpConfig } from '../config/env.js';
import { HTTP_CONFIG } from '../config/tokens.js';
import { DomainError } from '../errors/domain-error.js';
import type { Page } from './paging.js';

/** Seals paging positions, so that a cursor works only for the caller and the query that it was made for. */
@Injectable()
export class Cursors {
  private readonly key: Buffer;

  constructor(@Inject(HTTP_CONFIG) config: HttpConfig) {
    this.key = Buffer.from(config.REKALL_CURSOR_KEY, 'hex');
  }

  /** @param query everything that must be the same on the next page: route and filters */
  seal(userId: string, query: unknown, position: unknown): string {
    const iv = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', this.key, iv);
    cipher.setAAD(Buffer.from(JSON.stringify([userId, query])));
    const body = Buffer.concat([cipher.update(JSON.stringify(position), 'utf8'), cipher.final()]);
    return Buffer.concat([iv, cipher.getAuthTag(), body]).toString('base64url');
  }

  /**
   * One page of a list that is read in order of a position.
   * @param query what must be the same on the next page
   * @param read gives up to `limit` items after the position
   */
  async page<T, P, R>(
    userId: string,
    query: unknown,
    asked: { limit: number; cursor?: string | undefined },
    list: {
      position: z.ZodType<P>;
      of: (item: T) => P;
      read: (after: P | undefined, limit: number) => Promise<T[]>;
      render: (item: T) => R;
    },
  ): Promise<Page<R>> {
    const after = asked.cursor === undefined ? undefined : this.open(userId, query, asked.cursor, list.position);
    const found = await list.read(after, asked.limit + 1);
    const items = found.slice(0, asked.limit);
    const last = items.at(-1);
    const next_cursor =
      found.length > asked.limit && last !== undefined ? this.seal(userId, query, list.of(last)) : null;
    return { items: items.map(list.render), next_cursor };
  }

  /** The position, or `request/bad-cursor`: tampered with, of another user, or of another query. */
  open<T>(userId: string, query: unknown, cursor: string, schema: z.ZodType<T>): T {
    const bytes = Buffer.from(cursor, 'base64url');
    if (bytes.length < 29) throw badCursor();
    const decipher = createDecipheriv('aes-256-gcm', this.key, bytes.subarray(0, 12));
    decipher.setAAD(Buffer.from(JSON.stringify([userId, query])));
    decipher.setAuthTag(bytes.subarray(12, 28));
    let text: string;
    try {
      text = Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString('utf8');
    } catch (error) {
      throw badCursor(error);
    }
    const parsed = schema.safeParse(JSON.parse(text));
    if (!parsed.success) throw badCursor();
    return parsed.data;
  }
}

const badCursor = (cause?: unknown): DomainError =>
  new DomainError('invalid', 'request/bad-cursor', 'This cursor is not one of this query; start again without it.', {
    cause,
  });
