import type { Entry, Grant, JobFile } from '#wire';

/** A client as its own job file shows it. */
export interface ClientFile {
  id: string;
  queue: string;
  registeredAt: Date;
  /** Accepted and not tombstoned: only then it is tasked. */
  tasked: boolean;
  labels: string[];
}

/** At most so many labels of a client have queues. */
export const MAX_LABEL_QUEUES = 8;

/** What only a client's own file holds. */
export interface OwnPart {
  registeredAt: Date;
  queues: { label: string; queue: string }[];
}

/** The text of a job file that is signed. `own` is there in a client's own file. */
export const renderJobFile = (input: {
  deployment: string;
  version: number;
  queue: string;
  now: Date;
  entries: Entry[];
  grants: Grant[];
  own: OwnPart | undefined;
}): string => {
  const file: JobFile = {
    __type__: 'JobFile',
    version: input.version,
    deployment: input.deployment,
    queue: input.queue,
    issued_at: input.now.toISOString(),
    ...(input.own === undefined
      ? {}
      : { registered_at: input.own.registeredAt.toISOString(), queues: input.own.queues }),
    entries: input.entries,
    grants: input.grants,
  };
  return JSON.stringify(file);
};
