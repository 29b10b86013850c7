import { Inject, Injectable } from '@nestjs/common';
import { type MessageType, signAsServer, type SignedFile, signedFileText } from '#wire';
import { SIGNING_KEYS, type SigningKeys } from './signing-keys.js';

/** Signs, with the deployment's leaf. Only the worker has it. */
@Injectable()
export class Signer {
  constructor(@Inject(SIGNING_KEYS) private readonly keys: SigningKeys) {}

  get trust(): SignedFile {
    return this.keys.trust;
  }

  sign(typ: MessageType, payload: string): Promise<SignedFile> {
    return signAsServer(typ, payload, this.keys.signer);
  }

  /** The text of the signed file as it goes into the bucket. */
  async text(typ: MessageType, payload: string): Promise<string> {
    return signedFileText(await this.sign(typ, payload));
  }
}
