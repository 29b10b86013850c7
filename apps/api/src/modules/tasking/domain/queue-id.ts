/** What a row of `queues` stands for: one published file. */
export type QueueId = { kind: 'manifest' } | { kind: 'label'; label: string } | { kind: 'client'; clientId: string };

/** The row of the Manifest: published like a queue, so that it is re-signed and mended like one. */
export const MANIFEST_ID = 'manifest';

/** Throws for an id that no code of ours writes. */
export const parseQueueId = (id: string): QueueId => {
  if (id === MANIFEST_ID) return { kind: 'manifest' };
  const [, kind, name] = /^(label|client):(.+)$/.exec(id) ?? [];
  if (name === undefined) throw new Error(`queues has a row ${JSON.stringify(id)}, which is no queue`);
  return kind === 'label' ? { kind: 'label', label: name } : { kind: 'client', clientId: name };
};
