import type { GraphQLResolveInfo } from 'graphql';
import { Arg, Ctx, Extensions, FieldResolver, Info, Query, Resolver, Root } from 'type-graphql';
import { byCurrency, byStatus, type ProcessingTime } from '../../domain/order-statistics.js';
import { assertNoNull } from '../null-arguments.js';
import type { StatsInterval, StatsRow } from '../../orders/interfaces/order-statistics.js';
import { MAX_POINTS, readStatistics, type Statistics } from '../../orders/order-statistics.js';
import { lookupArgument, LOOKUP_LIMITS } from '../arguments.js';
import type { Context } from '../context.js';
import { grouped } from '../description-texts.js';
import { costs, type CostArguments } from '../field-cost.js';
import { DateTime } from '../scalars.js';
import { inTurns, turnFor } from '../turns.js';
import { StatsIntervalEnum } from '../types/enums.js';
import { toMoney } from '../types/money.js';
import {
  OrderStatsType,
  StatsPointType,
  type CurrencyStatsType,
  type ProcessingTimeType,
} from '../types/statistics.js';

/** Statistics of all orders are precomputed; those of one customer are computed from all of its orders. */
const STATS_COST = { precomputed: 1_000, computed: 10_000 } as const;

function statsCost({ customerId }: CostArguments): number {
  return customerId === null || customerId === undefined ? STATS_COST.precomputed : STATS_COST.computed;
}

/** A point takes more memory than a value of a list. */
const POINT_COST = 2;

type StatsView = OrderStatsType & Pick<Statistics, 'series'>;

@Resolver(() => OrderStatsType)
export class StatisticsResolver {
  @Extensions(costs({ own: statsCost }))
  @Query(() => OrderStatsType, {
    description:
      "Returns statistics of the orders that were created from `from` up to, but not including, `to`. They are precomputed unless `customerId` is given; then they are computed on request from that customer's orders.",
  })
  async orderStats(
    @Arg('from', () => DateTime, {
      nullable: true,
      description: 'Start of the period, a whole hour in UTC. Default: no start.',
    })
    from: Date | null,
    @Arg('to', () => DateTime, {
      nullable: true,
      description: 'End of the period (exclusive), a whole hour in UTC. Default: no end.',
    })
    to: Date | null,
    @Arg('customerId', () => String, {
      nullable: true,
      description: 'Count only orders of this customer. Default: all customers.',
    })
    customerId: string | null,
    @Ctx() { reader, caller }: Context,
  ): Promise<StatsView> {
    assertNoNull({ customerId }, ''); // of a period, null leaves a side open
    if (typeof customerId === 'string') lookupArgument('customerId', customerId, LOOKUP_LIMITS.customerId);
    const request = { from: from ?? null, to: to ?? null, customerId: customerId ?? null };
    const { rows, processing, asOf, series } = await readStatistics(reader, request, caller);
    return {
      count: countOf(rows),
      byStatus: byStatus(rows),
      money: viewMoney(rows),
      processingTime: viewProcessing(processing),
      asOf,
      series,
    };
  }

  @Extensions(costs({ own: STATS_COST.precomputed, size: POINT_COST * MAX_POINTS }))
  @FieldResolver(() => [StatsPointType], {
    description: `Time series of the statistics, with a point for every hour or day of the period. Without \`from\` it starts with the first order; without \`to\` it ends with the last. At most ${grouped(MAX_POINTS)} points.`,
  })
  async series(
    @Root() stats: StatsView,
    @Arg('interval', () => StatsIntervalEnum, { defaultValue: 'DAY', description: 'Interval between the points.' })
    interval: StatsInterval,
    @Info() info: GraphQLResolveInfo,
  ): Promise<(StatsPointType | Promise<StatsPointType>)[]> {
    const points = await stats.series(interval);
    await turnFor(points.length, info);
    return inTurns(
      points.map(({ from, rows }) => new PointView(from, rows)),
      info,
    );
  }
}

/** Computes a field only if it is selected: a request may have 200,000 points. */
class PointView implements StatsPointType {
  constructor(
    readonly from: Date,
    readonly rows: readonly StatsRow[],
  ) {}

  get count(): number {
    return countOf(this.rows);
  }

  get money(): CurrencyStatsType[] {
    return viewMoney(this.rows);
  }
}

function countOf(rows: readonly StatsRow[]): number {
  return rows.reduce((sum, row) => sum + row.count, 0);
}

function viewMoney(rows: readonly StatsRow[]): CurrencyStatsType[] {
  return byCurrency(rows).map(({ currency, count, gross, average }) => ({
    currency,
    count,
    gross: toMoney(gross, currency),
    average: average === null ? null : toMoney(average, currency),
  }));
}

function viewProcessing(time: ProcessingTime | null): ProcessingTimeType | null {
  if (time === null) return null;
  const { averageMs, p50Ms, p95Ms } = time;
  return { averageSeconds: averageMs / 1_000, p50Seconds: p50Ms / 1_000, p95Seconds: p95Ms / 1_000 };
}
