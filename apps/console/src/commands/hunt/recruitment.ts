import { type Command, Option } from 'commander';
import { Recruitment } from '../../api/models.js';
import { getHunt } from '../../api/wait.js';
import { recruitmentGraph } from '../../output/graph.js';
import { printList } from '../../output/print.js';
import type { Terminal } from '../../terminal.js';
import { apiCommand, type ApiOptions, withApi } from '../api-command.js';
import { huntId } from '../ids.js';
import { wholeNumber } from '../options.js';

type RecruitmentOptions = ApiOptions & { points: number };

/** `rekall hunt recruitment`. */
export const huntRecruitmentCommand = (terminal: Terminal): Command =>
  apiCommand('recruitment', 'how many clients had answered at which time after the start', [
    'rekall hunt recruitment H_0123456789abcdef',
    'rekall hunt recruitment H_0123456789abcdef --csv --points 1000',
  ])
    .argument('<hunt>', 'its id', huntId)
    .addOption(new Option('--csv', 'print comma-separated values').conflicts('json'))
    .option('--points <n>', 'at most so many points in time', wholeNumber(1, 1_000), 100)
    .action((id: string, options: RecruitmentOptions) =>
      withApi(options, async (api) => {
        const recruitment = await api.get(`/hunts/${id}/recruitment`, { points: options.points }, Recruitment);
        if (options.json === true || options.csv === true)
          printList(
            terminal,
            options,
            [
              { head: 'at', of: (p) => p.at },
              { head: 'seconds', of: (p) => p.seconds },
              { head: 'finished', of: (p) => p.finished },
            ],
            recruitment.points,
            recruitment,
          );
        else if (recruitment.points.length === 0) terminal.progress('no client has answered yet');
        else terminal.out(recruitmentGraph(recruitment.points, (await getHunt(api, id)).stats.expected));
      }),
    );
