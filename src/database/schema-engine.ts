import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { PrismaPg } from '@prisma/adapter-pg';
import { bindMigrationAwareSqlAdapterFactory, ColumnTypeEnum } from '@prisma/driver-adapter-utils';
import type * as Engine from '@prisma/schema-engine-wasm/schema_engine_bg';
import type { MigrationList, SchemaEngine, SchemaFilter } from '@prisma/schema-engine-wasm/schema_engine_bg';
import { Pool, type FieldDef, type QueryConfig, type QueryResult } from 'pg';
import { MIGRATIONS_FOLDER, PRISMA_FOLDER, readMigrations } from './migration-files.js';
import { runScript } from './migration-script.js';

/* Prisma's schema engine, which compares the migrations with schema.prisma during development. The server does not load it. */

export const NO_FILTER: SchemaFilter = { externalTables: [], externalEnums: [] };

/**
 * The SQL that takes the migrations to `schema.prisma`; empty if they agree.
 *
 * @param url an empty database, to which the migrations are applied
 */
export async function schemaDifference(url: string): Promise<string> {
  return withEngine(url, async (engine) => {
    const content = await readFile(path.join(PRISMA_FOLDER, 'schema.prisma'), 'utf8');
    const { stdout } = await engine.diff({
      from: { tag: 'migrations', ...(await migrationList(MIGRATIONS_FOLDER)) },
      to: { tag: 'schemaDatamodel', files: [{ path: 'schema.prisma', content }] },
      script: true,
      exitCode: null,
      filters: NO_FILTER,
    });
    return stdout?.startsWith('-- This is an empty migration') === true ? '' : (stdout ?? '');
  });
}

/** The migrations as the engine takes them. */
export async function migrationList(folder: string): Promise<MigrationList> {
  const migrations = await readMigrations(folder);
  return {
    baseDir: folder,
    lockfile: { path: 'migration_lock.toml', content: 'provider = "postgresql"\n' },
    shadowDbInitScript: '',
    migrationDirectories: migrations.map(({ name, script }) => ({
      path: name,
      migrationFile: { path: 'migration.sql', content: { tag: 'ok', value: script } },
    })),
  };
}

/** Runs work with an engine on a database. */
export async function withEngine<T>(url: string, work: (engine: SchemaEngine) => Promise<T>): Promise<T> {
  const { SchemaEngine } = await loadEngine();
  const factory = new EngineAdapterFactory(url);
  const engine = await SchemaEngine.new(
    { datamodels: undefined },
    () => undefined,
    bindMigrationAwareSqlAdapterFactory(factory),
  );
  try {
    return await work(engine);
  } catch (cause) {
    throw factory.failure ?? cause; // the engine's own error does not have PostgreSQL's message
  } finally {
    engine.free();
    await factory.close();
  }
}

type Adapter = Awaited<ReturnType<PrismaPg['connect']>>;

/** The stock adapter splits scripts at every semicolon; here they run as `migrate` runs them. */
class EngineAdapterFactory extends PrismaPg {
  readonly #url: string;
  readonly #pools: Pool[] = [];
  /** Why PostgreSQL rejected a script. */
  failure: Error | null = null;

  constructor(url: string) {
    super(url);
    this.#url = url;
  }

  override async connect(): Promise<Adapter> {
    const pool = new Pool({ connectionString: this.#url, max: 1, connectionTimeoutMillis: 5_000 });
    pool.on('error', () => undefined); // of an idle connection; without a listener the process would end
    this.#pools.push(pool);
    const adapter = await new PrismaPg(pool).connect();
    const query = pool.query.bind(pool);
    adapter.executeScript = async (script) => {
      try {
        await runScript((sql) => query(sql), script, '');
      } catch (cause) {
        this.failure ??= new Error(`A migration script was rejected: ${String(cause)}`, { cause });
        throw cause;
      }
    };
    readCharColumns(pool, adapter);
    return adapter;
  }

  /** The database is a throw-away one. */
  override connectToShadowDb(): Promise<Adapter> {
    return this.connect();
  }

  async close(): Promise<void> {
    for (const pool of this.#pools) await pool.end();
  }
}

const CHAR_OID = 18;
const TEXT_OID = 25;

/** The stock adapter does not know the type "char", which many columns of the system catalogue have. */
function readCharColumns(pool: Pool, adapter: Adapter): void {
  let fields: FieldDef[] = [];
  const query = pool.query.bind(pool) as (config: QueryConfig) => Promise<QueryResult>;
  pool.query = (async (config: QueryConfig) => {
    const result = await query(config);
    fields = result.fields.map((field) => ({ ...field }));
    for (const field of result.fields) if (field.dataTypeID === CHAR_OID) field.dataTypeID = TEXT_OID;
    return result;
  }) as never;
  const queryRaw = adapter.queryRaw.bind(adapter);
  adapter.queryRaw = async (sql) => {
    const result = await queryRaw(sql); // one at a time, so `fields` belongs to this query
    const columnTypes = result.columnTypes.map((type, index) =>
      fields[index]?.dataTypeID === CHAR_OID ? ColumnTypeEnum.Character : type,
    );
    return { ...result, columnTypes };
  };
}

type EngineModule = typeof Engine;

/** The part of WebAssembly that is used; its types belong to the browser's. */
declare const WebAssembly: {
  instantiate(
    bytes: Uint8Array,
    imports: object,
  ): Promise<{ instance: { exports: Readonly<Record<string, unknown>> } }>;
};

const ENGINE = '@prisma/schema-engine-wasm/schema_engine_bg';

let loaded: Promise<EngineModule> | null = null;

/** Loads the engine once: its bindings belong to the instance that was set last. */
function loadEngine(): Promise<EngineModule> {
  loaded ??= instantiateEngine();
  return loaded;
}

async function instantiateEngine(): Promise<EngineModule> {
  const require = createRequire(import.meta.url);
  const bindings = (await import(ENGINE)) as EngineModule & { __wbg_set_wasm(exports: unknown): void };
  const bytes = await readFile(path.join(path.dirname(require.resolve(ENGINE)), 'schema_engine_bg.wasm'));
  const { instance } = await WebAssembly.instantiate(bytes, { './schema_engine_bg.js': bindings });
  bindings.__wbg_set_wasm(instance.exports);
  (instance.exports['__wbindgen_start'] as () => void)();
  return bindings;
}
