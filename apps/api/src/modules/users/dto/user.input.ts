import { z } from 'zod';
import { normalEmail } from '../domain/email.js';

/** A name as people read it: no control or invisible characters, no blank at either end. */
const Name = z
  .string()
  .min(1)
  .max(100)
  .refine(
    (name) => !/[\p{C}\p{Zl}\p{Zp}]/u.test(name) && name.trim() === name,
    'a name has no control characters and no blanks around it',
  )
  .transform((name) => name.normalize('NFKC'));

export const Email = z
  .string()
  .max(254)
  .transform((text, context) => {
    const email = normalEmail(text);
    if (email !== undefined) return email;
    context.addIssue({ code: 'custom', message: 'an e-mail address of ASCII letters, such as ann@example.org' });
    return z.NEVER;
  });

/** A new password. */
export const NewPassword = z
  .string()
  .min(12, 'a password has at least 12 characters')
  .max(1024, 'a password has at most 1024 characters');

export const UserId = z.string().regex(/^U_[0-9a-f]{16}$/, 'a user id is U_ and 16 hex digits');

export const UserInput = z
  .strictObject({
    name: Name,
    kind: z.enum(['person', 'service']).default('person'),
    email: Email.optional().describe('What a person signs in with'),
    password: NewPassword.optional().describe('Without one, the person cannot sign in until one is set'),
  })
  .refine((user) => user.kind === 'person' || (user.email === undefined && user.password === undefined), {
    error: 'a service account has API tokens, no e-mail and no password',
    path: ['kind'],
  })
  .meta({ id: 'UserInput' });
export type UserInput = z.infer<typeof UserInput>;

export const UserPatch = z
  .strictObject({
    name: Name.optional(),
    email: Email.optional(),
    password: NewPassword.optional().describe('Ends all sessions of the user'),
    disabled: z.boolean().optional().describe('A disabled user’s sessions end and its tokens are refused'),
  })
  .meta({ id: 'UserPatch' });
export type UserPatch = z.infer<typeof UserPatch>;
