import { z } from 'zod';

/** The one algorithm of access tokens; what a token's header says is never asked. */
export const ACCESS_ALGORITHM = 'HS256';
/** Life of an access token. */
export const ACCESS_SECONDS = 600;
export const ACCESS_AUDIENCE = 'rekall-api';

export const accessIssuer = (deployment: string): string => `rekall:${deployment}`;

/** The claims of an access token, all of them needed. Times are seconds since 1970. */
export const AccessClaims = z.object({
  sub: z.string().regex(/^U_[0-9a-f]{16}$/),
  sid: z.string().regex(/^S_[0-9a-f]{16}$/),
  iss: z.string(),
  aud: z.literal(ACCESS_AUDIENCE),
  iat: z.int(),
  nbf: z.int(),
  exp: z.int(),
});
export type AccessClaims = z.infer<typeof AccessClaims>;
