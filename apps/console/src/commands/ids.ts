import { InvalidArgumentError } from 'commander';
import type { z } from 'zod';
import { ClientId, FlowOnlyId, HuntId, Label } from '#wire';

const checked =
  (schema: z.ZodType<string>) =>
  (text: string): string => {
    const parsed = schema.safeParse(text);
    if (parsed.success) return parsed.data;
    throw new InvalidArgumentError(`${parsed.error.issues[0]?.message ?? 'It is malformed'}.`);
  };

/** Ids as arguments: refused before they become a part of any address. */
export const clientId = checked(ClientId);
export const flowId = checked(FlowOnlyId);
export const huntId = checked(HuntId);

/** One more label. */
export const labels = (text: string, before: string[] | undefined): string[] => [
  ...(before ?? []),
  checked(Label)(text),
];
