import { Command } from 'commander';
import { isPortFree } from '#embedded';
import { LocationConfigError, StoreUnreachable } from '#locations';
import { needDeployment } from '../deployment/deployment.js';
import { readEnvFile } from '../deployment/files.js';
import { layoutOf } from '../deployment/layout.js';
import { Report } from '../doctor/report.js';
import { StoreDoctor } from '../doctor/store.js';
import { CommandError, usage } from '../errors.js';
import { safeJson } from '../output/escape.js';
import { startStore } from '../services/backing.js';
import { Parts } from '../services/parts.js';
import type { Terminal } from '../terminal.js';
import { DEFAULT_DIR } from './options.js';

interface DoctorOptions {
  dir: string;
  store?: boolean;
  json?: boolean;
}

const look = async (options: DoctorOptions, terminal: Terminal): Promise<void> => {
  if (options.store !== true) throw usage('give --store');
  const layout = layoutOf(options.dir);
  const deployment = await needDeployment(layout);
  const env = await readEnvFile(layout.workerEnv);
  const place = {
    endpoint: env['S3_ENDPOINT'] ?? '',
    region: env['S3_REGION'] ?? '',
    bucket: env['S3_BUCKET'] ?? '',
  };
  const report = new Report();
  const parts = new Parts();
  try {
    const say = (text: string): void => terminal.progress(text);
    const ours = deployment.embeddedStore;
    if (ours && (await isPortFree(Number(new URL(place.endpoint).port))))
      await startStore({ layout, deployment, parts, say });
    const init = `rekall init --dir ${layout.dir} --s3-endpoint ${place.endpoint} --bucket ${place.bucket}`;
    const mend = ours
      ? [`compare ${layout.filestoreConfig} with ${layout.workerEnv}`, `rekall rotate --uploads --dir ${layout.dir}`]
      : [`${init} --access-key A --secret-key B --upload-access-key C --upload-secret-key D --upload-user USER`];
    await new StoreDoctor(
      {
        service: { ...place, accessKeyId: env['S3_ACCESS_KEY'] ?? '', secretAccessKey: env['S3_SECRET_KEY'] ?? '' },
        upload: {
          ...place,
          accessKeyId: env['S3_UPLOAD_ACCESS_KEY'] ?? '',
          secretAccessKey: env['S3_UPLOAD_SECRET_KEY'] ?? '',
        },
        mend,
        publicSecret: env['REKALL_PUBLIC_SECRET'] ?? '',
        bounds: {
          byStore: ours,
          otherwise: `the worker looks once an hour (REKALL_PATROL_SECONDS) and stops a hunt over ${env['REKALL_HUNT_BYTES'] ?? '1 TiB'}`,
          mend: [`add "quotas" to ${layout.filestoreConfig} or leave it out for the defaults: rekall config doc`],
        },
        startWorker: `rekall up --dir ${layout.dir}`,
      },
      report,
    ).run();
  } catch (error) {
    if (error instanceof LocationConfigError || error instanceof StoreUnreachable)
      throw new CommandError(error.message, 1, { cause: error });
    throw error;
  } finally {
    await parts.stop();
  }
  print(report, options, terminal);
};

const print = (report: Report, options: DoctorOptions, terminal: Terminal): void => {
  if (options.json === true) terminal.out(safeJson(report.findings, 2));
  else
    for (const { verdict, what, seen, todo } of report.findings) {
      terminal.out(`${verdict.padEnd(4)}  ${what}: ${seen}`);
      for (const line of todo) terminal.out(`        ${line}`);
    }
  const count = report.findings.filter(({ verdict }) => verdict !== 'ok').length;
  if (report.failed)
    throw new CommandError(`${String(count)} of ${String(report.findings.length)} checks did not hold`);
};

/** `rekall doctor`. */
export const doctorCommand = (terminal: Terminal): Command =>
  new Command('doctor')
    .description('tries what the deployment relies on, and the known attacks; says what to do, as commands')
    .option('--store', 'the store: rights, expiry, clock, what strangers and agents may do')
    .option('--dir <dir>', 'the deployment’s folder', DEFAULT_DIR)
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExamples:\n  rekall doctor --store --dir /srv/rekall')
    .action((options: DoctorOptions) => look(options, terminal));
