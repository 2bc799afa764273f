import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from './process.js';

export interface KafkaBroker {
  /** host:port */
  readonly address: string;
  /** Resolves when the broker serves requests. */
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Kills the broker, or does nothing if it is not running. */
  kill(): Promise<void>;
  /** Stops it from answering, without closing its connections. */
  pause(): Promise<void>;
  resume(): void;
  /** Kills the broker and deletes its data. */
  remove(): Promise<void>;
}

const CACHE = process.env['XDG_CACHE_HOME'] ?? path.join(homedir(), '.cache');
/** Filled by .ci/run. */
const JARS = path.join(CACHE, 'ordergraph-kafka', '4.1.2');

export const HAS_KAFKA = existsSync(JARS) && spawnSync('java', ['-version']).status === 0;

const START_TIMEOUT_MS = 60_000;

/**
 * An Apache Kafka broker of its own in KRaft mode, on free ports and with its data in a temporary folder.
 *
 * @param settings of the broker, besides those that it needs
 */
export async function createKafka(settings: Readonly<Record<string, string | number>> = {}): Promise<KafkaBroker> {
  const folder = await mkdtemp(path.join(tmpdir(), 'ordergraph-kafka-'));
  const [port, controllerPort] = [await freePort(), await freePort()];
  const file = path.join(folder, 'server.properties');
  await writeFile(file, propertiesOf({ ...brokerSettings(folder, port, controllerPort), ...settings }));
  format(file);
  let child: ChildProcess | null = null;
  let exited: Promise<unknown> = Promise.resolve();

  async function end(signal: NodeJS.Signals): Promise<void> {
    child?.kill('SIGCONT');
    child?.kill(signal);
    child = null;
    await exited;
  }
  const broker: KafkaBroker = {
    address: `127.0.0.1:${port}`,
    async start() {
      const started = startJava(['kafka.Kafka', file]);
      child = started;
      exited = once(started, 'exit');
      await ready(started);
    },
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    async pause() {
      child?.kill('SIGSTOP');
      if (child !== null) await stopped(child);
    },
    resume: () => void child?.kill('SIGCONT'),
    async remove() {
      await broker.kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
  return broker;
}

function brokerSettings(folder: string, port: number, controllerPort: number) {
  return {
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'controller.listener.names': 'CONTROLLER',
    'log.dirs': path.join(folder, 'data'),
    'offsets.topic.replication.factor': 1,
    'offsets.topic.num.partitions': 1,
    'group.initial.rebalance.delay.ms': 0,
    'auto.create.topics.enable': 'false',
    // A killed broker is accepted again after this time.
    'broker.session.timeout.ms': 2_000,
    'broker.heartbeat.interval.ms': 500,
  };
}

function propertiesOf(settings: Readonly<Record<string, string | number>>): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}

const JAVA = ['-Xmx384m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-cp', `${JARS}/*`];

const CLUSTER_ID = 'b3JkZXJncmFwaC10ZXN0cw';

function format(file: string): void {
  const args = [...JAVA, 'kafka.tools.StorageTool', 'format', '-t', CLUSTER_ID, '-c', file];
  const { status, stderr } = spawnSync('java', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`the storage of Kafka was not formatted: ${stderr}`);
}

/** The threads of a process stop one after another. */
async function stopped({ pid }: ChildProcess): Promise<void> {
  for (;;) {
    const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' });
    if (stdout.startsWith('T') || stdout === '') return;
    await sleep(5);
  }
}

/** The broker dies with the tests, also if they are killed. */
function startJava(args: readonly string[]): ChildProcess {
  const child = spawn('java', [...JAVA, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  const kill = () => void child.kill('SIGKILL');
  process.once('exit', kill);
  child.once('exit', () => process.off('exit', kill));
  return child;
}

/** slf4j-simple writes to stderr. */
async function ready(child: ChildProcess): Promise<void> {
  let text = '';
  await new Promise<void>((resolve, reject) => {
    const fail = () => reject(new Error(`Kafka did not start: ${text.slice(-2_000)}`));
    const timer = setTimeout(fail, START_TIMEOUT_MS);
    child.once('exit', fail);
    child.stderr?.on('data', (chunk) => {
      text = (text + String(chunk)).slice(-10_000);
      if (!text.includes('Kafka Server started')) return;
      clearTimeout(timer);
      child.off('exit', fail);
      resolve();
    });
  });
}
