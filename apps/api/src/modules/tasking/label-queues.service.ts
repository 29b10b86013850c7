import { Inject, Injectable } from '@nestjs/common';
import { labelQueue } from '#wire';
import { ConfigError, type WorkerConfig } from '../../platform/config/env.js';
import { readNamedFile } from './signing-keys.js';

export const QUEUE_KEY = Symbol('QUEUE_KEY');

/** The key of label queue names, from its file. Throws ConfigError. */
export const loadQueueKey = async (config: Pick<WorkerConfig, 'REKALL_QUEUE_KEY_FILE'>): Promise<Uint8Array> => {
  const text = (await readNamedFile('REKALL_QUEUE_KEY_FILE', config.REKALL_QUEUE_KEY_FILE)).trim();
  if (!/^[0-9a-f]{64}$/.test(text))
    throw new ConfigError(`REKALL_QUEUE_KEY_FILE: ${config.REKALL_QUEUE_KEY_FILE} does not hold 64 hex digits`);
  return Buffer.from(text, 'hex');
};

const GENERATION = 1;

/** Names of the queues of labels. */
@Injectable()
export class LabelQueues {
  constructor(@Inject(QUEUE_KEY) private readonly key: Uint8Array) {}

  nameOf(label: string): string {
    return labelQueue(this.key, label, GENERATION);
  }
}
