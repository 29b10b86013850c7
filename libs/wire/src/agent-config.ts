import { z } from 'zod';
import { Hex32, Label } from './ids.js';

/** The agent's configuration file, written by `rekall init`: nothing in it is a key, the secret is a shared password. */
export const AgentConfig = z.strictObject({
  __type__: z.literal('AgentConfig'),
  version: z.literal(1),
  deployment: Hex32,
  /** Endpoint and bucket, no trailing slash: `https://s3.example.org/bucket`. */
  bucket_url: z.url({ protocol: /^https?$/ }),
  public_secret: Hex32,
  ca_certificate: z.string().includes('BEGIN CERTIFICATE'),
  /** Where key, state and spool live; may be given on the command line instead. */
  state_dir: z.string().min(1).optional(),
  labels: z.array(Label).max(32).default([]),
  /** Overrides of the Manifest's seconds. */
  poll_min: z.number().positive().optional(),
  poll_max: z.number().positive().optional(),
  proxy: z.url().optional(),
  extra_ca_file: z.string().optional(),
  /** The folder in which jobs may write (`LocalFile`); without it such jobs are Rejected. It must exist. */
  local_folder: z.string().min(1).optional(),
  spool_bytes: z.int().positive().optional(),
  /** What this agent may do; absent means everything it can. */
  allow: z
    .strictObject({
      actions: z.array(z.string()).optional(),
      sources: z.array(z.string()).optional(),
      bytes_per_day: z.int().positive().optional(),
    })
    .optional(),
});
export type AgentConfig = z.infer<typeof AgentConfig>;
