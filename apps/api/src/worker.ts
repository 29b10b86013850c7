import { requireNode } from './platform/config/require-node.js';

/** Aborts when the process is asked to stop, or, when wanted, when its standard input closes: its parent is gone. */
const stopSignal = (withParent: boolean): AbortSignal => {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  if (withParent) process.stdin.on('close', () => stop.abort()).resume();
  return stop.signal;
};

/** The worker role of the API. Configured by the environment; prints one line when it is ready, or has done its pass. */
const start = async (): Promise<void> => {
  const { parseWorkerOptions } = await import('./worker-options.js');
  const options = parseWorkerOptions(process.argv.slice(2));
  const { loadConfig } = await import('./platform/config/env.js');
  const config = loadConfig('worker', process.env);
  const { NestFactory } = await import('@nestjs/core');
  const { Logger } = await import('nestjs-pino');
  const { WorkerModule } = await import('./worker.module.js');
  const { WorkerLoop } = await import('./modules/worker/index.js');
  const signal = stopSignal(options.exitWithParent);
  const app = await NestFactory.createApplicationContext(WorkerModule.of(config), {
    logger: false, // a failure to start is one line, not a report
    abortOnError: false,
  });
  app.useLogger(app.get(Logger));
  try {
    const loop = app.get(WorkerLoop);
    await loop.prepare();
    if (options.once) {
      const pass = await loop.once();
      process.stdout.write(`${JSON.stringify({ once: true, ...pass })}\n`);
      if (pass.failed > 0) throw new Error(`${pass.failed} files could not be published: see last_error in queues`);
    } else {
      process.stdout.write(`${JSON.stringify({ ready: true })}\n`);
      await loop.run(signal);
    }
  } finally {
    await app.close();
  }
  process.exit(0);
};

requireNode('rekall-worker');
start().catch((error: unknown) => {
  process.stderr.write(`rekall-worker: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
