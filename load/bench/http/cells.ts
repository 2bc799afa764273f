// What is measured: cells, and what a contestant must be able to do.

export const CELLS = ['create', 'get', 'list', 'pages', 'status'] as const;
export type Cell = (typeof CELLS)[number];

export const CELL_TITLES: Readonly<Record<Cell, string>> = {
  create: 'create',
  get: 'get with items',
  list: 'list 20, first page',
  pages: 'list 20, other pages',
  status: 'status',
};

export interface Load {
  /** Connections, each with one request at a time. */
  readonly callers: number;
  readonly seconds: number;
}

/** Percentiles of the latency in milliseconds; 100 is the maximum. */
export type Latency = readonly (readonly [percentile: number, ms: number])[];

/** What the load generator counted. */
export interface Run {
  /** Correct answers. */
  readonly answers: number;
  readonly failures: number;
  readonly firstFailure: string | null;
  readonly seconds: number;
  readonly latency: Latency;
}

export interface PreparedCell {
  run(): Promise<Run>;
  /** Compares the answers with the database. @returns what is wrong */
  verify(run: Run): Promise<string | null>;
}

export interface Contestant {
  readonly name: string;
  /** Process id of its server; null where there is none. */
  readonly pid: number | null;
  /** @returns null where the contestant does not have the cell */
  prepare(cell: Cell, load: Load): Promise<PreparedCell | null>;
}

/** CPU milliseconds for each answer, of a process and its children. */
export interface Cpu {
  readonly server: number;
  readonly database: number;
  readonly generator: number;
}

/** One run of one cell. */
export interface Sample {
  readonly contestant: string;
  readonly cell: Cell;
  readonly callers: number;
  /** Correct answers a second. */
  readonly rate: number;
  readonly cpu: Cpu;
  readonly latency: Latency;
  /** What was wrong; the sample is not a measurement then. */
  readonly failure: string | null;
}
