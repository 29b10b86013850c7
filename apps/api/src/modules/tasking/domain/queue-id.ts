/** What a row of `queues` stands for: one published file. */
export type QueueId =
  | { kind: 'manifest' }
  | { kind: 'label'; label: string }
  | { kind: 'client'; clientId: string }
  /** A file that its client no longer reads: it is taken away. */
  | { kind: 'retired'; clientId: string; queue: string };

/** The row of the Manifest: published like a queue, so that it is re-signed and mended like one. */
export const MANIFEST_ID = 'manifest';

/** Throws for an id that no code of ours writes. */
export const parseQueueId = (id: string): QueueId => {
  if (id === MANIFEST_ID) return { kind: 'manifest' };
  const [, formerly, queue] = /^retired:(C\.[0-9a-f]{16}):([0-9a-f]{32})$/.exec(id) ?? [];
  if (formerly !== undefined && queue !== undefined) return { kind: 'retired', clientId: formerly, queue };
  const [, kind, name] = /^(label|client):(.+)$/.exec(id) ?? [];
  if (name === undefined) throw new Error(`queues has a row ${JSON.stringify(id)}, which is no queue`);
  return kind === 'label' ? { kind: 'label', label: name } : { kind: 'client', clientId: name };
};

/** The lock under which a file is published. A client's present file and its former ones share one. */
export const publishLock = (id: string): string => {
  const parsed = parseQueueId(id);
  return `publish:${parsed.kind === 'retired' ? `client:${parsed.clientId}` : id}`;
};
