import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils';
import * as engine from '@prisma/schema-engine-wasm/schema_engine_bg';
import { MigrationAdapterFactory } from './migration-adapter.js';

const PACKAGE_ENTRY = '@prisma/schema-engine-wasm/schema_engine_bg';

/** The part of Node's WebAssembly that is used here; its types come with the browser's only. */
declare const WebAssembly: {
  compile(bytes: Uint8Array): Promise<object>;
  instantiate(module: object, imports: Record<string, object>): Promise<{ exports: Record<string, unknown> }>;
};

/** The engine tells of a panic here, in the words that help, before it dies of it with "unreachable". */
const panicRegistry = {
  set_message(message: string): never {
    throw new Error(`Prisma's schema engine panicked: ${message}`);
  },
};

let loading: Promise<void> | undefined;

/** What the engine calls outside; its timers (10 s for its lock, never cleared) must not keep a finished process alive. */
function imports(): Record<string, unknown> {
  const setUnrefTimeout = (run: () => void, ms: number): NodeJS.Timeout => setTimeout(run, ms >>> 0).unref();
  return Object.fromEntries(
    Object.entries(engine).map(([name, value]) => [
      name,
      name.startsWith('__wbg_setTimeout_') ? setUnrefTimeout : value,
    ]),
  );
}

/** Prisma's schema engine as WebAssembly, from its npm package: nothing is downloaded, unlike by the `prisma` command. */
async function load(): Promise<void> {
  Object.assign(globalThis, { PRISMA_WASM_PANIC_REGISTRY: panicRegistry });
  const folder = dirname(createRequire(import.meta.url).resolve(PACKAGE_ENTRY));
  const module = await WebAssembly.compile(await readFile(join(folder, 'schema_engine_bg.wasm')));
  const { exports } = await WebAssembly.instantiate(module, { './schema_engine_bg.js': imports() });
  engine.__wbg_set_wasm(exports);
  (exports as { __wbindgen_start: () => void }).__wbindgen_start();
}

/** Runs `work` with a schema engine on this database; the engine is freed afterwards. */
export async function withSchemaEngine<T>(
  connectionString: string,
  work: (schemaEngine: engine.SchemaEngine) => Promise<T>,
): Promise<T> {
  loading ??= load();
  await loading;
  const factory = new MigrationAdapterFactory(connectionString);
  try {
    const adapter = bindMigrationAwareSqlAdapterFactory(factory);
    const schemaEngine = await engine.SchemaEngine.new({ datamodels: undefined }, () => undefined, adapter);
    try {
      return await work(schemaEngine);
    } finally {
      schemaEngine.free();
    }
  } finally {
    await factory.close();
  }
}
