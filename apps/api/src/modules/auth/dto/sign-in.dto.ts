import { z } from 'zod';
import { NewPassword } from '../../users/index.js';
import type { SignedIn } from '../sign-in.service.js';

const Password = z.string().min(1).max(1024);

export const LoginInput = z
  .strictObject({ email: z.string().min(1).max(254), password: Password })
  .meta({ id: 'LoginInput' });
export type LoginInput = z.infer<typeof LoginInput>;

export const RefreshInput = z.strictObject({ refresh_token: z.string().min(1).max(200) }).meta({ id: 'RefreshInput' });
export type RefreshInput = z.infer<typeof RefreshInput>;

export const PasswordInput = z
  .strictObject({ present_password: Password, new_password: NewPassword })
  .meta({ id: 'PasswordInput' });
export type PasswordInput = z.infer<typeof PasswordInput>;

export const SignedInModel = z
  .object({
    access_token: z.string().describe('Send it as Authorization: Bearer …'),
    token_type: z.literal('Bearer'),
    expires_in: z.number().int().describe('Seconds that the access token is good for'),
    refresh_token: z.string().describe('Good for one POST /auth/refresh; a second use ends the session'),
    refresh_expires_at: z.iso.datetime(),
  })
  .meta({ id: 'SignedIn' });

export const renderSignedIn = (signed: SignedIn): z.infer<typeof SignedInModel> => ({
  access_token: signed.accessToken,
  token_type: 'Bearer',
  expires_in: signed.accessSeconds,
  refresh_token: signed.refreshToken,
  refresh_expires_at: signed.refreshExpiresAt.toISOString(),
});
