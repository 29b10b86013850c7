import { Injectable } from '@nestjs/common';
import { randomBytes } from 'node:crypto';
import { newCollectionId, newFileId, newFlowId, newHuntId, newTokenId } from '#wire';

/** The time, injected so that tests can move it. */
@Injectable()
export class Clock {
  now(): Date {
    return new Date();
  }
}

const randomId = (prefix: string): string => prefix + randomBytes(8).toString('hex');

/** Random ids, injected for the same reason. */
@Injectable()
export class IdGenerator {
  flow(): string {
    return newFlowId();
  }
  hunt(): string {
    return newHuntId();
  }
  collection(): string {
    return newCollectionId();
  }
  file(): string {
    return newFileId();
  }
  token(): string {
    return newTokenId();
  }
  user(): string {
    return randomId('U_');
  }
  grant(): string {
    return randomId('G_');
  }
  session(): string {
    return randomId('S_');
  }
  refreshToken(): string {
    return randomId('R_');
  }
}
