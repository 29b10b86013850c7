import {
  type FlowStatusTicket,
  isFinal,
  isHuntId,
  keys,
  MAX_TICKET_BYTES,
  parseMessage,
  randomHex32,
  type Resources,
  signAsAgent,
  signedFileText,
  type StartupTicket,
  Ticket,
  type TicketState,
} from '#wire';
import type { AgentClock } from './clock.js';
import type { Identity } from './enrol/identity.js';
import type { Spool } from './spool/spool.js';
import type { SpoolItem } from './spool/spool-item.js';
import type { StateStore } from './state/state-store.js';
import { AGENT_VERSION } from './version.js';

/** What a status ticket says besides who, when and how it is counted. */
export interface StatusInput {
  flowId: string;
  attempt: number;
  digest: string;
  state: TicketState;
  currentAction?: string | undefined;
  actionsDone: number;
  actionsTotal: number;
  resources: Resources;
  error?: string | undefined;
  backtrace?: string | undefined;
  logs?: FlowStatusTicket['logs'];
  startedAt?: string | undefined;
  collections?: FlowStatusTicket['collections'];
  files?: FlowStatusTicket['files'];
  files_collection?: FlowStatusTicket['files_collection'];
}

export const NO_RESOURCES: Resources = { cpu_seconds: 0, wall_seconds: 0, memory_bytes: 0, rows: 0, bytes: 0 };

const cut = (text: string | undefined, max: number): string | undefined =>
  text === undefined || text.length <= max ? text : `${text.slice(0, max - 14)} ... (cut off)`;

/** Makes the agent's signed tickets and puts them into the spool. */
export class Tickets {
  constructor(private readonly deps: { identity: Identity; state: StateStore; clock: AgentClock; spool: Spool }) {}

  /** A status ticket. `held`: not uploaded before `spool.release`. */
  async status(input: StatusInput, held: boolean): Promise<SpoolItem> {
    const { clientId } = this.deps.identity;
    const common = await this.#common();
    const type = isHuntId(input.flowId) ? 'HuntStatus' : 'FlowStatus';
    const whole = {
      __type__: type,
      ...common,
      flow_id: input.flowId,
      attempt: input.attempt,
      spec_digest: input.digest,
      state: input.state,
      current_action: input.currentAction,
      progress: {
        actions_done: input.actionsDone,
        actions_total: input.actionsTotal,
        rows: input.resources.rows,
        bytes: input.resources.bytes,
      },
      resources: input.resources,
      error: cut(input.error, 4000),
      backtrace: cut(input.backtrace, 16_000),
      logs: (input.logs ?? []).map((line) => ({ ...line, message: cut(line.message, 2000) })),
      started_at: input.startedAt,
      collections: input.collections ?? [],
      files: input.files ?? [],
      files_collection: input.files_collection,
    };
    const text = await this.#sign(whole, () => ({ ...whole, backtrace: undefined, logs: [] }));
    return this.deps.spool.addText(
      {
        kind: 'ticket',
        key: keys.statusTicket(input.flowId, clientId, common.nonce, common.seq),
        content_type: 'application/json',
        flow: { flow_id: input.flowId, attempt: input.attempt },
        ...(isFinal(input.state) ? { final: input.state } : {}),
      },
      text,
      held,
    );
  }

  /** The Startup ticket: who this agent is, what it can do, what its machine is. */
  async startup(
    input: Pick<StartupTicket, 'agent_start_time' | 'modes' | 'capabilities' | 'labels' | 'errors'> &
      Partial<Pick<StartupTicket, 'boot_time' | 'system_info'>>,
  ): Promise<SpoolItem> {
    const { identity, spool } = this.deps;
    const common = await this.#common();
    const whole = {
      __type__: 'Startup',
      ...common,
      queue: identity.queue,
      machine_digest: identity.machineDigest,
      cloned_from: identity.clonedFrom,
      ...input,
      errors: input.errors.map((e) => cut(e, 2000)),
    };
    const text = await this.#sign(whole, () => ({ ...whole, system_info: undefined }));
    return spool.addText(
      {
        kind: 'ticket',
        key: keys.startupTicket(identity.clientId, common.nonce, common.seq),
        content_type: 'application/json',
      },
      text,
      false,
    );
  }

  async #common() {
    const { identity, state, clock } = this.deps;
    return {
      version: 1,
      client_id: identity.clientId,
      seq: await state.nextSeq(),
      nonce: randomHex32(),
      local_time: clock.local().toISOString(),
      clock_offset_ms: clock.offsetMs,
      agent_version: AGENT_VERSION,
    };
  }

  /** Signs a ticket; one that would be too large is signed as `smaller` makes it. Throws when it is no ticket. */
  async #sign(whole: object, smaller: () => object): Promise<string> {
    const sign = async (value: object): Promise<string> => {
      const payload = JSON.stringify(value);
      const ticket = parseMessage(Ticket, JSON.parse(payload) as unknown, 'a ticket of this agent');
      return signedFileText(await signAsAgent(ticket.__type__, payload, this.deps.identity.privateKey));
    };
    const text = await sign(whole);
    return Buffer.byteLength(text) <= MAX_TICKET_BYTES ? text : sign(smaller());
  }
}
