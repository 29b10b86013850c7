import { z } from 'zod';

const number = z.number();
/** Both ends count; at least one is given. */
const range = <T extends string>(type: T, what: string) =>
  z
    .strictObject({ type: z.literal(type), min: number.optional(), max: number.optional() })
    .refine(({ min, max }) => min !== undefined || max !== undefined, 'give min, max or both')
    .refine(({ min, max }) => min === undefined || max === undefined || min <= max, 'min is above max')
    .describe(what);

const FirstBytes = z.number().int().positive().optional().describe('Only so many bytes of each file are read');

/** Whether JavaScript can read it; the agent runs it over bytes, so its time there has a limit of its own. */
const isRegex = (text: string): boolean => {
  try {
    return new RegExp(text.replace(/^\(\?[is]+\)/, ''), 'm') instanceof RegExp;
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
};

/** What a found file must also be. Times are seconds since 1970, sizes bytes. */
export const FileConditionInput = z
  .discriminatedUnion('type', [
    range('Size', 'Bytes'),
    range('ModificationTime', 'Seconds since 1970'),
    range('AccessTime', 'Seconds since 1970'),
    range('InodeChangeTime', 'Seconds since 1970'),
    z
      .strictObject({ type: z.literal('Owner'), uid: z.number().int().optional(), gid: z.number().int().optional() })
      .refine(({ uid, gid }) => uid !== undefined || gid !== undefined, 'give uid, gid or both'),
    z
      .strictObject({ type: z.literal('Mode'), mask: z.number().int().min(1), value: z.number().int().min(0) })
      .describe('(mode & mask) = value: mask 2048 and value 2048 finds set-uid programs'),
    z.strictObject({
      type: z.literal('ContentsLiteral'),
      literal: z.base64().min(1).max(87_384).describe('The bytes, base64'),
      first_bytes: FirstBytes,
    }),
    z.strictObject({
      type: z.literal('ContentsRegex'),
      regex: z.string().min(1).max(4096).refine(isRegex, 'no regular expression'),
      first_bytes: FirstBytes,
    }),
  ])
  .meta({ id: 'FileCondition' });
export type FileConditionInput = z.infer<typeof FileConditionInput>;

/** As agents take it. */
export const fileCondition = ({ type, ...rest }: FileConditionInput): unknown => ({ __type__: type, ...rest });
