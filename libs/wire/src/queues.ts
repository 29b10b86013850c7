import { createHmac } from 'node:crypto';
import { Hex32, Label } from './ids.js';

/** The queue of a label: the first 32 hex digits of HMAC-SHA-256(queue key, label + generation). */
export const labelQueue = (queueKey: Uint8Array, label: string, generation: number): string =>
  Hex32.parse(
    createHmac('sha256', queueKey)
      .update(Label.parse(label) + String(generation))
      .digest('hex')
      .slice(0, 32),
  );
