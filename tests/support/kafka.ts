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
  /** host:port of the listener with TLS and SASL, and its certificate in PEM; null without. */
  readonly secure: { readonly address: string; readonly certificateFile: string } | null;
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
 * @param credentials of the users of a further listener with TLS and SASL; null without it
 */
export async function createKafka(
  settings: Readonly<Record<string, string | number>> = {},
  credentials: Credentials | null = null,
): Promise<KafkaBroker> {
  const folder = await mkdtemp(path.join(tmpdir(), 'ordergraph-kafka-'));
  const [port, controllerPort] = [await freePort(), await freePort()];
  const file = path.join(folder, 'server.properties');
  const secured = credentials === null ? null : await secureListener(folder, credentials);
  const own = brokerSettings(folder, port, controllerPort);
  const listeners = secured === null ? own.listeners : `${own.listeners},SASL_SSL://${secured.address}`;
  await writeFile(file, propertiesOf({ ...own, ...secured?.settings, listeners, ...settings }));
  format(file, credentials);
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
    secure: secured,
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

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

const STORE_PASSWORD = 'of-tests';

/** A listener with a self-signed certificate. */
async function secureListener(folder: string, { username, password }: Credentials) {
  const store = path.join(folder, 'broker.p12');
  const certificateFile = path.join(folder, 'broker.pem');
  const storeWords = ['-keystore', store, '-storepass', STORE_PASSWORD, '-alias', 'broker'];
  const key = [
    '-genkeypair',
    '-keyalg',
    'EC',
    '-storetype',
    'PKCS12',
    '-dname',
    'CN=broker',
    '-ext',
    'SAN=IP:127.0.0.1',
  ];
  keytool([...key, ...storeWords]);
  keytool(['-exportcert', '-rfc', '-file', certificateFile, ...storeWords]);
  const plain = 'org.apache.kafka.common.security.plain.PlainLoginModule';
  const scram = 'org.apache.kafka.common.security.scram.ScramLoginModule';
  const of = 'listener.name.sasl_ssl';
  const settings = {
    'ssl.keystore.location': store,
    'ssl.keystore.password': STORE_PASSWORD,
    'ssl.keystore.type': 'PKCS12',
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_SSL:SASL_SSL',
    'inter.broker.listener.name': 'PLAINTEXT',
    'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
    [`${of}.plain.sasl.jaas.config`]: `${plain} required user_${username}="${password}";`,
    [`${of}.scram-sha-256.sasl.jaas.config`]: `${scram} required;`,
    [`${of}.scram-sha-512.sasl.jaas.config`]: `${scram} required;`,
  };
  return { address: `127.0.0.1:${await freePort()}`, certificateFile, settings };
}

function keytool(words: readonly string[]): void {
  const { status, stdout, stderr } = spawnSync('keytool', words, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`keytool failed: ${stdout}${stderr}`);
}

function propertiesOf(settings: Readonly<Record<string, string | number>>): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}

const JAVA = ['-Xmx384m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-cp', `${JARS}/*`];

const CLUSTER_ID = 'b3JkZXJncmFwaC10ZXN0cw';

function format(file: string, credentials: Credentials | null): void {
  const scram = ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((mechanism) =>
    credentials === null
      ? []
      : ['--add-scram', `${mechanism}=[name=${credentials.username},password=${credentials.password}]`],
  );
  const args = [...JAVA, 'kafka.tools.StorageTool', 'format', '-t', CLUSTER_ID, '-c', file, ...scram];
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
