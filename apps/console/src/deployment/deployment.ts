import { z } from 'zod';
import { CommandError } from '../errors.js';
import { readIfThere } from './files.js';
import type { Layout } from './layout.js';

/** What `rekall init` decided; no secret in it. */
export const Deployment = z.strictObject({
  version: z.literal(1),
  deployment: z.string(),
  /** True: `rekall up` runs a PostgreSQL of its own. */
  embeddedPostgres: z.boolean(),
  /** True: `rekall up` runs the file store. */
  embeddedStore: z.boolean(),
  endpoint: z.url(),
  bucket: z.string(),
  createdAt: z.iso.datetime(),
});
export type Deployment = z.infer<typeof Deployment>;

/** The deployment of a folder; undefined when none was made there. */
export const findDeployment = async (layout: Layout): Promise<Deployment | undefined> => {
  const text = await readIfThere(layout.description);
  if (text === undefined) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new CommandError(`${layout.description} is not JSON; restore it from a backup`, 1, { cause: error });
  }
  const parsed = Deployment.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new CommandError(
    `${layout.description} is damaged (${parsed.error.issues[0]?.path.map(String).join('.') ?? ''}); restore it from a backup`,
  );
};

/** The deployment of a folder, or a clear line that says how to make one. */
export const needDeployment = async (layout: Layout): Promise<Deployment> => {
  const found = await findDeployment(layout);
  if (found !== undefined) return found;
  throw new CommandError(`${layout.dir} holds no deployment; make one: rekall init --dir ${layout.dir}`);
};
