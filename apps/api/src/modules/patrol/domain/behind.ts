/** What the bucket has and the database has never heard of: it is older than the bucket, or not this bucket's. */
export interface Behind {
  /** Objects under `ledger/` and `quarantine/`, and the first of them. */
  archives: number;
  first_archive: string | null;
  /** Flows and hunts with a record under `flows/`, and the first of them. */
  flows: number;
  first_flow: string | null;
}

/** What is to be done about it. */
export const BEHIND_NEXT =
  'stop the worker, make an empty database, run `rekall rebuild --dir <deployment>` (or `admin.js migrate`, then `admin.js rebuild`)';

/** What is wrong, in a sentence. */
export const behindText = ({ archives, first_archive, flows, first_flow }: Behind): string => {
  const parts = [
    ...(archives === 0 ? [] : [`${archives} archive objects (the first is ${first_archive ?? ''})`]),
    ...(flows === 0 ? [] : [`the records of ${flows} flows (the first is ${first_flow ?? ''})`]),
  ];
  return `the bucket has ${parts.join(' and ')} that this database does not know: an older dump was put back, or it is not this bucket’s. Nothing is removed`;
};
