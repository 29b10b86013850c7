import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Spec, StatusTicket } from '#wire';
import { AgentDeployment, type TestEntry } from './agent-deployment.js';
import { type AgentProcess, startAgentProcess } from './agent-process.js';
import { until } from './other-process.js';

/** A deployment with agents in processes of their own; what a test of the agent begins with. */
export class AgentWorld {
  readonly #agents: AgentProcess[] = [];
  #folders = 0;

  private constructor(readonly deployment: AgentDeployment) {}

  static async start(): Promise<AgentWorld> {
    const deployment = await AgentDeployment.start();
    await deployment.publishManifest({ limits: { upload_rate: 10_000_000_000 } });
    return new AgentWorld(deployment);
  }

  newState(): string {
    return join(this.deployment.folder, `state-${++this.#folders}`);
  }

  /** Starts an agent; `stopAgents` ends it. */
  async agent(state: string, env: Record<string, string> = {}, more: Record<string, unknown> = {}) {
    const agent = startAgentProcess(['--config', await this.deployment.agentConfig(more), '--state', state], env);
    this.#agents.push(agent);
    return agent;
  }

  /** A hunt for this one action, alone in the queue of all. */
  async hunt(action: Spec['actions'][number], more: Partial<Spec> = {}): Promise<TestEntry> {
    const hunt = await this.deployment.hunt({ actions: [action], ...more });
    await this.deployment.publishQueue(this.deployment.allQueue, [hunt]);
    return hunt;
  }

  /** Runs one action as a hunt on a fresh agent; gives the final ticket. */
  async run(action: Spec['actions'][number], more: Partial<Spec> = {}): Promise<StatusTicket> {
    const hunt = await this.hunt(action, more);
    await this.agent(this.newState());
    return this.final(hunt.flowId);
  }

  async stopAgents(tell: boolean): Promise<void> {
    for (const agent of this.#agents.splice(0)) {
      await agent.kill9();
      if (tell) process.stderr.write(`${JSON.stringify(agent.log, null, 1)}\n${agent.errors.join('\n')}\n`);
    }
  }

  /** The one final ticket of a flow, once it is there. */
  async final(flowId: string, withinMs = 50_000): Promise<StatusTicket> {
    await until(
      `the final ticket of ${flowId}`,
      async () => (await this.deployment.finals(flowId)).length > 0,
      withinMs,
    );
    const [ticket, ...others] = await this.deployment.finals(flowId);
    if (ticket === undefined || others.length > 0) throw new Error(`${flowId} has ${others.length + 1} final tickets`);
    return ticket;
  }

  async queueOf(state: string): Promise<string> {
    return (JSON.parse(await readFile(join(state, 'identity.json'), 'utf8')) as { queue: string }).queue;
  }
}
