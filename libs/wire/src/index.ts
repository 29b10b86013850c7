/** Everything that API, worker, agents and the bucket say to each other: docs/wire.md as code. */
export * from './agent-config.js';
export * from './bucket-key.js';
export * from './certificates.js';
export * from './collection-spec.js';
export * from './errors.js';
export * from './ids.js';
export * from './job-file.js';
export * from './location.js';
export * from './parse.js';
export * from './queues.js';
export * from './records.js';
export * from './signed-file.js';
export * from './signing.js';
export * from './spec.js';
export * from './ticket.js';
export * from './ticket-file.js';
export * from './trust.js';
