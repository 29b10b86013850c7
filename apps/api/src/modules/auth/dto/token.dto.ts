import { z } from 'zod';
import { GrantScope } from '../../../platform/access/grant-scope.js';
import { ROLES } from '../../../platform/access/permission.js';
import { PageQuery } from '../../../platform/http/paging.js';
import { UserId } from '../../users/index.js';
import type { ApiToken } from '../tokens.repository.js';

const time = z.iso.datetime();

export const TokenId = z.string().regex(/^T_[0-9a-f]{16}$/, 'a token id is T_ and 16 hex digits');

export const TokenInput = z
  .strictObject({
    name: z
      .string()
      .min(1)
      .max(100)
      .regex(/^[^\p{C}\p{Zl}\p{Zp}]*$/u, 'a name has no control characters'),
    expires_at: z.iso.datetime({ offset: true }).describe('At most a year from now'),
    grants: z
      .array(z.strictObject({ role: z.enum(ROLES), scope: GrantScope }))
      .min(1)
      .max(100)
      .optional()
      .describe('The token may do what these and its owner’s grants both allow; all of its owner’s when absent'),
    user_id: UserId.optional().describe('A service account; yourself when absent'),
  })
  .meta({ id: 'TokenInput' });
export type TokenInput = z.infer<typeof TokenInput>;

export const TokensQuery = PageQuery.extend({ user_id: UserId.optional().describe('Yourself unless given') });
export type TokensQuery = z.infer<typeof TokensQuery>;

export const TokenModel = z
  .object({
    token_id: z.string(),
    user_id: z.string(),
    name: z.string(),
    grants: z
      .array(z.object({ role: z.string(), scope: z.string() }))
      .nullable()
      .describe('null: all of its owner’s'),
    created_at: time,
    expires_at: time,
    revoked_at: time.nullable(),
    last_used_at: time.nullable().describe('To the minute'),
  })
  .meta({ id: 'ApiToken' });

export const NewTokenModel = TokenModel.extend({
  token: z.string().nullable().describe('Shown this once; null when the same Idempotency-Key made it earlier'),
}).meta({ id: 'NewApiToken' });

export const renderToken = (token: ApiToken): z.infer<typeof TokenModel> => ({
  token_id: token.id,
  user_id: token.userId,
  name: token.name,
  grants: token.grants.length === 0 ? null : token.grants,
  created_at: token.createdAt.toISOString(),
  expires_at: token.expiresAt.toISOString(),
  revoked_at: token.revokedAt?.toISOString() ?? null,
  last_used_at: token.lastUsedAt?.toISOString() ?? null,
});
