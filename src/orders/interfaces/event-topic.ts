/** A topic that other services read the events from. */
export interface EventTopic {
  /**
   * The newest record of each partition that has one.
   *
   * @throws TopicUnavailable
   */
  newestRecords(signal: AbortSignal): Promise<readonly TopicRecord[]>;
  /**
   * Resolves when the topic has stored the records, each after the earlier ones of its key. After a failure, a part of
   * them may be stored.
   *
   * @throws TopicUnavailable
   */
  publish(records: readonly TopicRecord[], signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

export interface TopicRecord {
  readonly key: string;
  readonly value: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** The topic does not accept records now. */
export class TopicUnavailable extends Error {
  override readonly name = 'TopicUnavailable';
}
