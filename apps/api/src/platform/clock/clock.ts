import { Injectable } from '@nestjs/common';
import { newCollectionId, newFlowId, newHuntId, newTokenId } from '#wire';

/** The time, injected so that tests can move it. */
@Injectable()
export class Clock {
  now(): Date {
    return new Date();
  }
}

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
  token(): string {
    return newTokenId();
  }
}
