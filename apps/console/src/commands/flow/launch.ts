import type { Command } from 'commander';
import type { ApiClient } from '../../api/client.js';
import { Flow } from '../../api/models.js';
import { watch } from '../../api/wait.js';
import { CommandError } from '../../errors.js';
import { showProgress } from '../../output/progress.js';
import { untilStopped } from '../../services/signals.js';
import type { Terminal } from '../../terminal.js';
import { apiCommand, type ApiOptions, withApi } from '../api-command.js';
import { clientId } from '../ids.js';
import { launchHeaders, launchInput, type LaunchOptions, withLaunchOptions } from '../launch-options.js';
import { wholeNumber } from '../options.js';
import { showFlow } from './show.js';

interface FlowLaunchOptions extends ApiOptions, LaunchOptions {
  wait?: boolean;
  timeout: number;
}

const RUNNING = new Set(['Pending', 'Started']);

const waitFor = (api: ApiClient, flowId: string, timeout: number, terminal: Terminal): Promise<Flow> =>
  untilStopped(async (signal) => {
    const bar = showProgress(terminal, 'flow');
    const flow = await watch({
      look: () => api.get(`/flows/${flowId}`, {}, Flow),
      seen: (seen) => bar.update(RUNNING.has(seen.state) ? 0 : 1, 1, seen.shown_state),
      enough: (seen) => !RUNNING.has(seen.state),
      withinMs: timeout * 1_000,
      signal,
    }).finally(() => bar.end());
    if (flow !== undefined) return flow;
    throw new CommandError(
      `${flowId} is not finished after ${String(timeout)} s; it goes on: rekall flow inspect ${flowId}`,
    );
  });

/** `rekall flow launch`. */
export const flowLaunchCommand = (terminal: Terminal): Command =>
  withLaunchOptions(
    apiCommand('launch', 'gives one client a task', [
      'rekall flow launch C.0123456789abcdef --type ListProcesses --wait',
      'rekall flow launch C.0123456789abcdef --type Collect --collection info \\',
      '  --query "select key, value from agent_info()" --column key:unicode --column value:unicode',
      'rekall flow launch C.0123456789abcdef --type ListDirectory --path /etc --depth 3 --wait',
      'rekall flow launch C.0123456789abcdef --type GetFiles --path /etc/hosts --path /etc/passwd',
    ]),
  )
    .argument('<client>', 'its id', clientId)
    .option('--wait', 'wait until it has ended')
    .option('--timeout <seconds>', 'with --wait: at most so long', wholeNumber(1, 604_800), 600)
    .action((client: string, options: FlowLaunchOptions) =>
      withApi(options, async (api) => {
        const path = `/clients/${client}/flows`;
        const flow = await api.post(path, launchInput(options), Flow, launchHeaders(options));
        if (options.wait === true) terminal.progress(`flow ${flow.flow_id}`);
        const shown = options.wait === true ? await waitFor(api, flow.flow_id, options.timeout, terminal) : flow;
        showFlow(terminal, options, shown);
      }),
    );
