import { afterAll, beforeAll, describe } from 'vitest';
import { anonymousContract } from './anonymous.contract.js';
import { conditionsContract } from './conditions.contract.js';
import { ContractStore, type Engine, type StoreTarget } from './contract-store.js';
import { formsContract } from './forms.contract.js';
import { listingContract } from './listing.contract.js';
import { multipartContract } from './multipart.contract.js';
import { objectsContract } from './objects.contract.js';
import { presignedContract } from './presigned.contract.js';
import { signaturesContract } from './signatures.contract.js';
import { uploadOnlyContract } from './upload-only.contract.js';

export * from './client.js';
export type { Engine, StoreTarget } from './contract-store.js';

/**
 * What the project needs of a store, engine by engine the same but for the engine's known differences. Each title ends
 * with where the sentence comes from: [AWS API ...], [AWS guide ...], [RFC ...], [engines: Ceph], what Ceph was seen to do.
 * @param withUploadOnly whether the target has upload-only keys
 */
export function objectStoreContract(
  name: string,
  engine: Engine,
  withUploadOnly: boolean,
  open: () => Promise<StoreTarget>,
): void {
  describe(`object store contract: ${name}`, () => {
    const store = new ContractStore(engine, open);
    beforeAll(() => store.begin());
    afterAll(() => store.end());
    objectsContract(store);
    conditionsContract(store);
    listingContract(store);
    presignedContract(store);
    signaturesContract(store);
    formsContract(store);
    multipartContract(store);
    anonymousContract(store);
    if (withUploadOnly) uploadOnlyContract(store);
  });
}
