import { Admin } from '@platformatic/kafka';
import type { Logger } from 'pino';
import { connectionOptions, guarded, withClient, type KafkaCluster } from './connection.js';
import { isTopicExists } from './kafka-errors.js';

export interface NewTopic extends KafkaCluster {
  readonly name: string;
  readonly partitions: number;
  /** Null for the default of the brokers. */
  readonly replication: number | null;
  readonly log: Logger;
}

/** Creates the topic if it does not exist. An existing one is not changed. */
export async function ensureTopic(topic: NewTopic, signal: AbortSignal): Promise<void> {
  const { name, log } = topic;
  await withClient(guarded(new Admin(connectionOptions(topic))), signal, async (admin) => {
    if ((await admin.listTopics()).includes(name)) return;
    const { partitions, replication } = topic;
    try {
      await admin.createTopics({
        topics: [{ topic: name, partitions, ...(replication === null ? {} : { replicas: replication }) }],
      });
      log.info({ topic: name, partitions }, 'Kafka topic created');
    } catch (cause) {
      if (!isTopicExists(cause)) throw cause; // another process has created it meanwhile
    }
  });
}
