import type { Grant, Manifest, SignedFile } from '#wire';

/** The text of a Manifest that is signed. */
export const renderManifest = (input: {
  deployment: string;
  version: number;
  now: Date;
  notAfter: Date;
  trust: SignedFile;
  pollMin: number;
  pollMax: number;
  uploadBase: string;
  ticketGrant: Grant;
  allQueue: string;
}): string => {
  const manifest: Manifest = {
    __type__: 'Manifest',
    version: input.version,
    deployment: input.deployment,
    trust: input.trust,
    issued_at: input.now.toISOString(),
    not_after: input.notAfter.toISOString(),
    startup_actions: [{ __type__: 'Interrogate' }],
    poll_min: input.pollMin,
    poll_max: input.pollMax,
    upload_base: input.uploadBase,
    ticket_grant: input.ticketGrant,
    all_queue: input.allQueue,
    limits: {},
  };
  return JSON.stringify(manifest);
};
