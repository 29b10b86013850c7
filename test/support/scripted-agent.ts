import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import type { ObjectStore } from '#locations';
import {
  clientIdOf,
  type CollectionResult,
  identityOf,
  keys,
  randomHex32,
  sha256Hex,
  signAsAgent,
  signedFileText,
  type StartupTicket,
  type StatusTicket,
} from '#wire';

/** What a test says of a status ticket; the rest is what an honest agent would say. */
export type StatusInput = Partial<StatusTicket> & { flow_id: string; spec_digest: string };

/**
 * An agent's pen without the agent: writes signed tickets and results straight into the bucket, also such as no honest
 * agent would write.
 */
export class ScriptedAgent {
  readonly privateKey: KeyObject;
  readonly identity: string;
  readonly clientId: string;
  readonly queue = randomHex32();
  #seq = 0;

  /** @param privateKey of an agent that is there already, to write what it never would; its own unless given */
  constructor(
    readonly bucket: ObjectStore,
    privateKey: KeyObject = generateKeyPairSync('ed25519').privateKey,
  ) {
    this.privateKey = privateKey;
    this.identity = identityOf(createPublicKey(this.privateKey).export({ type: 'spki', format: 'der' }));
    this.clientId = clientIdOf(this.identity);
  }

  #common() {
    const now = new Date().toISOString();
    return {
      version: 1 as const,
      client_id: this.clientId,
      seq: this.#seq++,
      nonce: randomHex32(),
      local_time: now,
      clock_offset_ms: 0,
      agent_version: '0.1.0',
    };
  }

  startup(more: Partial<StartupTicket> = {}): StartupTicket {
    return {
      __type__: 'Startup',
      ...this.#common(),
      queue: this.queue,
      agent_start_time: new Date().toISOString(),
      modes: ['mode_live_api'],
      capabilities: ['action.collect.1'],
      labels: ['Claimed'],
      errors: [],
      system_info: {
        system: 'Linux',
        node: 'scripted',
        fqdn: 'scripted.example.org',
        release: '6.1',
        kernel_version: '#1',
        machine: 'x86_64',
        architecture: '64bit',
        interfaces: [],
        users: [],
      },
      ...more,
    };
  }

  status(more: StatusInput): StatusTicket {
    const base = {
      ...this.#common(),
      attempt: 1,
      state: 'Done' as const,
      progress: { actions_done: 1, actions_total: 1, rows: 0, bytes: 0 },
      resources: { cpu_seconds: 0.1, wall_seconds: 0.2, memory_bytes: 1000, rows: 0, bytes: 0 },
      logs: [],
      collections: [],
      files: [],
    };
    const typ = more.flow_id.startsWith('H_') ? ('HuntStatus' as const) : ('FlowStatus' as const);
    return { __type__: typ, ...base, ...more };
  }

  /** The key at which a ticket belongs. */
  keyOf(ticket: StartupTicket | StatusTicket): string {
    return ticket.__type__ === 'Startup'
      ? keys.startupTicket(ticket.client_id, ticket.nonce, ticket.seq)
      : keys.statusTicket(ticket.flow_id, ticket.client_id, ticket.nonce, ticket.seq);
  }

  /** The text of a ticket, signed. */
  async text(ticket: StartupTicket | StatusTicket): Promise<string> {
    return signedFileText(await signAsAgent(ticket.__type__, JSON.stringify(ticket), this.privateKey));
  }

  /** Signs and writes a ticket; answers its key. */
  async send(ticket: StartupTicket | StatusTicket, at = this.keyOf(ticket)): Promise<string> {
    await this.bucket.put(at, await this.text(ticket), { contentType: 'application/json' });
    return at;
  }

  /** Writes a result object and answers what an honest ticket says of it. */
  async collect(flowId: string, name = 'pslist', rows = 3): Promise<CollectionResult> {
    const content = Buffer.from(`rows of ${this.clientId}: ${'x'.repeat(200)}`);
    const stored = gzipSync(content);
    const key = keys.analysis(flowId, this.clientId, name, randomHex32());
    await this.bucket.put(key, stored, { contentType: 'application/gzip' });
    return {
      key,
      name,
      stored_bytes: stored.length,
      stored_sha256: sha256Hex(stored),
      content_bytes: content.length,
      content_sha256: sha256Hex(content),
      rows: { [name]: rows },
      dropped_columns: [],
      null_coerced: 0,
    };
  }
}
