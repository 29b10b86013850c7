/** Why a signed file, message, key or certificate was refused. Stable: shown to people, asserted by tests. */
export type RefusalCode =
  | 'not-json'
  | 'too-large'
  | 'too-deep'
  | 'schema'
  | 'bad-key'
  | 'jws-malformed'
  | 'jws-algorithm'
  | 'jws-crit'
  | 'jws-typ'
  | 'jws-signature'
  | 'cert-malformed'
  | 'cert-issuer'
  | 'cert-ca-as-leaf'
  | 'cert-usage'
  | 'cert-not-yet-valid'
  | 'cert-expired'
  | 'trust-missing-leaf'
  | 'trust-epoch'
  | 'deployment'
  | 'other-queue'
  | 'lower-version'
  | 'same-version-other-bytes'
  | 'identity'
  | 'digest'
  | 'flow-expired';

/** A claim that did not hold. `message` says what, where and what to do; `code` is for programs. */
export class Refusal extends Error {
  override readonly name = 'Refusal';

  constructor(
    readonly code: RefusalCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
