import { MAX_PUBLISHED_JOB_FILE_BYTES, parseJson, parseMessage, Spec, specDigest } from '#wire';

/** What Postgres says of a flow; a spec that says something else is not signed. */
export interface FlowFacts {
  id: string;
  type: string;
  clientId: string | null;
  labels: string[];
}

/** A spec that the signer refuses. `message` says which part of it does not fit. */
export class SpecRefused extends Error {
  override readonly name = 'SpecRefused';
}

const sameSet = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((item) => b.includes(item));

const fitsTarget = (spec: Spec, flow: FlowFacts): boolean =>
  spec.target.__type__ === 'Client'
    ? spec.target.client_id === flow.clientId
    : flow.clientId === null && sameSet(spec.target.labels, flow.labels);

/**
 * The signer's own look at what it is about to sign: the payload is a spec, of this flow, type and target, with this
 * digest and sample. Throws SpecRefused; Refusal (`schema`, `not-json`, ...) for a payload that is none.
 */
export const checkSpec = (
  flow: FlowFacts,
  attempt: { specPayload: string; specDigest: string; sampleBelow: string | null },
): Spec => {
  const what = `the spec of ${flow.id}`;
  const refuse = (why: string): SpecRefused => new SpecRefused(`${what} was not signed: ${why}`);
  if (specDigest(attempt.specPayload) !== attempt.specDigest) throw refuse('its digest is another one');
  const spec = parseMessage(Spec, parseJson(attempt.specPayload, what, MAX_PUBLISHED_JOB_FILE_BYTES), what);
  if (spec.flow_id !== flow.id) throw refuse(`it is the spec of ${spec.flow_id}`);
  if (spec.__type__ !== flow.type) throw refuse(`it is a ${spec.__type__}, the flow a ${flow.type}`);
  if (!fitsTarget(spec, flow)) throw refuse('its target is not that of the flow');
  if ((spec.sample?.below ?? null) !== attempt.sampleBelow) throw refuse('its sample is not that of the attempt');
  return spec;
};
