/** Why a file is not read as a collection. Stable: stored, shown to people, asserted by tests. */
export type RefusedReason =
  /** No regular file of that name, or a symbolic link. */
  | 'not-a-file'
  /** Damaged gzip data. */
  | 'bad-gzip'
  /** Bytes after the end of the gzip data. */
  | 'trailing-data'
  /** More bytes than the caller allows. */
  | 'too-large'
  /** Compressed further than results ever are: a bomb. */
  | 'ratio'
  /** Size or SHA-256 other than the ticket says. */
  | 'digest'
  /** Not a SQLite 3 file. */
  | 'not-sqlite'
  /** Needs a write-ahead log, which a finished collection never has. */
  | 'wal'
  /** The header's page count or page size contradicts the file. */
  | 'page-count'
  /** A header field that our writer never sets so. */
  | 'header'
  /** SQLite finds the content damaged. */
  | 'corrupt'
  /** Views, triggers, virtual tables, generated columns; a declared table or column that is not there. */
  | 'schema'
  /** Something that the reader's authorizer does not allow. */
  | 'not-allowed';

/** The file is no collection of the expected form. `message` says what was found where. */
export class CollectionRefused extends Error {
  override readonly name = 'CollectionRefused';

  constructor(
    readonly reason: RefusedReason,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** What a reading may run out of. */
export type ReaderResource = 'time' | 'memory' | 'response' | 'readers';

/** A reading was stopped because it cost more than it may. `message` is `Resource exceeded: time, limit 10 s` and the like. */
export class ResourceExceeded extends Error {
  override readonly name = 'ResourceExceeded';

  /** @param limit with its unit, e.g. `10 s` or `256 MiB` */
  constructor(
    readonly resource: ReaderResource,
    readonly limit: string,
    options?: ErrorOptions,
  ) {
    super(`Resource exceeded: ${resource}, limit ${limit}`, options);
  }
}

/** The `where` clause is wrong (`parse`) or failed on a row (`eval`); `start`, `end` are half-open offsets into it. */
export class WhereFailed extends Error {
  override readonly name = 'WhereFailed';

  constructor(
    readonly kind: 'parse' | 'eval',
    message: string,
    readonly start: number,
    readonly end: number,
  ) {
    super(message);
  }
}

/** The caller names a table or column that the spec does not declare, or asks for an impossible page. */
export class BadReadRequest extends Error {
  override readonly name = 'BadReadRequest';
}

/** The reader process ended or answered in a way that it never should: a defect, or a file that broke it. */
export class ReaderFailed extends Error {
  override readonly name = 'ReaderFailed';
}
