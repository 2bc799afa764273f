import { Gauge, type GaugeConfiguration } from 'prom-client';

type Labels = Readonly<Record<string, string>>;

/** A value of a gauge with its labels. */
export type Sample = readonly [labels: Labels, value: number];

type Configuration<L extends string> = Omit<GaugeConfiguration<L>, 'collect' | 'aggregator'> & {
  /** How the values of several processes are merged. */
  readonly aggregator: 'sum' | 'max' | 'min';
};

/**
 * A gauge whose values are read at each scrape. Values that are no longer read disappear.
 *
 * @param read must not reject
 */
export function addStateGauge<L extends string>(
  configuration: Configuration<L>,
  read: () => readonly Sample[] | Promise<readonly Sample[]>,
): void {
  void new Gauge<L>({
    ...configuration,
    async collect() {
      const samples = await read();
      this.reset();
      if (samples.length === 0 && (configuration.labelNames ?? []).length === 0) this.remove(); // a reset sets it to 0
      for (const [labels, value] of samples) this.set(labels as Record<L, string>, value);
    },
  });
}
