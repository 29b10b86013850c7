import { Field, InputType, Int } from '@nestjs/graphql';
import { BigInteger, Json } from '../../../platform/graphql/scalars.js';

@InputType('ColumnInput')
export class ColumnObject {
  @Field(() => String)
  name!: string;

  @Field(() => String, { description: 'unicode, int, float, bool, epoch, …, as over REST' })
  type!: string;
}

@InputType('CollectionInput', { description: 'What a Collect flow fills' })
export class CollectionInputObject {
  @Field(() => String)
  name!: string;

  @Field(() => [ColumnObject])
  columns!: ColumnObject[];

  @Field(() => [String], { nullable: true })
  indexes?: string[] | null;
}

@InputType('QuotaInput')
export class QuotaObject {
  @Field(() => Number, { nullable: true })
  cpuSeconds?: number | null;

  @Field(() => Number, { nullable: true })
  wallSeconds?: number | null;

  @Field(() => BigInteger, { nullable: true })
  memoryBytes?: string | null;

  @Field(() => BigInteger, { nullable: true })
  rows?: string | null;

  @Field(() => BigInteger, { nullable: true })
  bytes?: string | null;
}

@InputType('FileConditionInput', { description: 'What a found file must also be; which fields count depends on type' })
export class FileConditionObject {
  @Field(() => String, {
    description:
      'Size, ModificationTime, AccessTime, InodeChangeTime (min, max), Owner, Mode, ContentsLiteral, ContentsRegex',
  })
  type!: string;

  @Field(() => Number, { nullable: true })
  min?: number | null;

  @Field(() => Number, { nullable: true })
  max?: number | null;

  @Field(() => Int, { nullable: true })
  uid?: number | null;

  @Field(() => Int, { nullable: true })
  gid?: number | null;

  @Field(() => Int, { nullable: true })
  mask?: number | null;

  @Field(() => Int, { nullable: true })
  value?: number | null;

  @Field(() => String, { nullable: true, description: 'base64' })
  literal?: string | null;

  @Field(() => String, { nullable: true })
  regex?: string | null;

  @Field(() => BigInteger, { nullable: true })
  firstBytes?: string | null;
}

@InputType('LaunchInput', { description: 'What is asked of a client; the fields are those of REST' })
export class LaunchObject {
  @Field(() => String, {
    description:
      'ListProcesses; Collect with query and collection; ListDirectory with path; FileFinder with globs; GetFiles with paths; Interrogate',
  })
  type!: string;

  @Field(() => String, { nullable: true })
  description?: string | null;

  @Field(() => String, { nullable: true, description: 'EFILTER: takes part where this holds' })
  condition?: string | null;

  @Field(() => QuotaObject, { nullable: true })
  quota?: QuotaObject | null;

  @Field(() => Int, { nullable: true })
  expiresInSeconds?: number | null;

  @Field(() => Int, { nullable: true })
  spreadSeconds?: number | null;

  @Field(() => String, { nullable: true })
  externalRef?: string | null;

  @Field(() => String, { nullable: true, description: 'EFILTER: select Name as name, pid from pslist()' })
  query?: string | null;

  @Field(() => Json, { nullable: true, description: 'An array, or an object of names' })
  queryParameters?: unknown;

  @Field(() => CollectionInputObject, { nullable: true })
  collection?: CollectionInputObject | null;

  @Field(() => String, { nullable: true, description: 'ListDirectory: an absolute path' })
  path?: string | null;

  @Field(() => Int, { nullable: true, description: 'ListDirectory: 1 is the directory itself' })
  depth?: number | null;

  @Field(() => Boolean, { nullable: true, description: 'ListDirectory: other file systems are left out; true' })
  oneDevice?: boolean | null;

  @Field(() => String, { nullable: true, description: 'ListDirectory: EFILTER over the columns' })
  filter?: string | null;

  @Field(() => [String], { nullable: true, description: 'FileFinder: /home/*/**5/*.{sh,py}' })
  globs?: string[] | null;

  @Field(() => [FileConditionObject], { nullable: true, description: 'FileFinder: all of them must hold' })
  conditions?: FileConditionObject[] | null;

  @Field(() => String, { nullable: true, description: 'FileFinder: stat (default), hash or upload' })
  do?: string | null;

  @Field(() => [String], { nullable: true, description: 'GetFiles: absolute paths' })
  paths?: string[] | null;

  @Field(() => BigInteger, { nullable: true, description: 'FileFinder, GetFiles: larger files are not read' })
  maxFileBytes?: string | null;
}

/** Members that are not null, which is the same as not given. */
const given = (fields: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null && value !== undefined));

const numberOf = (text: string | null | undefined): number | undefined =>
  typeof text === 'string' ? Number(text) : undefined;

const quotaOf = (quota: QuotaObject): Record<string, unknown> =>
  given({
    cpu_seconds: quota.cpuSeconds,
    wall_seconds: quota.wallSeconds,
    memory_bytes: numberOf(quota.memoryBytes),
    rows: numberOf(quota.rows),
    bytes: numberOf(quota.bytes),
  });

const collectionOf = ({ name, columns, indexes }: CollectionInputObject): Record<string, unknown> =>
  given({ name, columns: columns.map((column) => ({ name: column.name, type: column.type })), indexes });

const conditionOf = ({ firstBytes, ...condition }: FileConditionObject): Record<string, unknown> =>
  given({ ...condition, first_bytes: numberOf(firstBytes) });

/** As REST has it in its body, unchecked: the one schema of both doors judges it. */
export const launchBody = (input: LaunchObject): Record<string, unknown> =>
  given({
    type: input.type,
    description: input.description,
    condition: input.condition,
    quota: input.quota === null || input.quota === undefined ? undefined : quotaOf(input.quota),
    expires_in_seconds: input.expiresInSeconds,
    spread_seconds: input.spreadSeconds,
    external_ref: input.externalRef,
    query: input.query,
    query_parameters: input.queryParameters,
    collection:
      input.collection === null || input.collection === undefined ? undefined : collectionOf(input.collection),
    path: input.path,
    depth: input.depth,
    one_device: input.oneDevice,
    filter: input.filter,
    globs: input.globs,
    conditions: input.conditions?.map(conditionOf),
    do: input.do,
    paths: input.paths,
    max_file_bytes: numberOf(input.maxFileBytes),
  });
