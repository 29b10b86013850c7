import type { ProgramEnd, WorkerDeployment } from './worker-deployment.js';

/** A finding of `audit-verify`, as far as tests look at it. */
export interface Finding {
  kind: string;
  event_ids: string[];
  seqs: number[];
  message: string;
}

/** What `audit-verify` answers. */
export interface Verified {
  intact: boolean;
  findings: Finding[];
  chained: number;
  sealed: number;
  segments: number;
  unchained: number;
}

/** The result of an administrator's command: its last line that is no log line. */
export const resultOf = ({ output }: ProgramEnd): Record<string, unknown> =>
  JSON.parse(
    output.split('\n').findLast((line) => line.startsWith('{') && !line.includes('"level"')) ?? '{}',
  ) as Record<string, unknown>;

/** Runs the verification as a process of its own. */
export const verify = async (world: WorkerDeployment): Promise<Verified> => {
  const end = await world.admin('audit-verify', '--check');
  const verified = resultOf(end)['verified'] as Verified | undefined;
  if (verified === undefined) throw new Error(`audit-verify said nothing: ${end.output}`);
  if ((end.code === 0) !== verified.intact) throw new Error(`exit code ${String(end.code)}: ${end.output}`);
  return verified;
};

/** Inserts events as an application would, with these actors; answers their ids. */
export const insertEvents = async (
  world: WorkerDeployment,
  actors: readonly string[],
  sql = world.sql,
): Promise<string[]> => {
  const { rows } = await sql.query<{ id: string }>(
    `INSERT INTO audit_events (actor, action, object_kind, object_id, outcome, details)
     SELECT actor, 'hunts.create', 'hunt', 'H_' || n, 'done', jsonb_build_object('n', n, 'text', 'a "b" \\ Zoë ' || chr(127) || chr(9))
     FROM unnest($1::text[]) WITH ORDINALITY AS x(actor, n) RETURNING id`,
    [[...actors]],
  );
  return rows.map((row) => row.id);
};

/** As a superuser who has switched the triggers off for himself. */
export const tamper = async (world: WorkerDeployment, sql: string, values: unknown[] = []): Promise<void> => {
  await world.sql.query("SET session_replication_role = 'replica'");
  try {
    await world.sql.query(sql, values);
  } finally {
    await world.sql.query("SET session_replication_role = 'origin'");
  }
};

/** Exchanges everything but the ids of two events. */
export const swapEvents = (world: WorkerDeployment, a: string, b: string): Promise<void> =>
  tamper(
    world,
    `UPDATE audit_events e SET at = o.at, actor = o.actor, token_id = o.token_id, action = o.action,
       object_kind = o.object_kind, object_id = o.object_id, outcome = o.outcome, request_id = o.request_id,
       address = o.address, details = o.details
     FROM audit_events o WHERE (e.id, o.id) IN (($1::bigint, $2::bigint), ($2::bigint, $1::bigint))`,
    [a, b],
  );
