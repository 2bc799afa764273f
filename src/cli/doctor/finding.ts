export interface Finding {
  /** What was checked. */
  readonly subject: string;
  readonly level: 'ok' | 'warning' | 'problem';
  readonly message: string;
  /** What to do. */
  readonly remedy?: string;
}

/** A check reads only. A check that throws is a problem of its subject. */
export interface Check {
  readonly subject: string;
  readonly run: () => Promise<readonly Omit<Finding, 'subject'>[]>;
}

export function ok(message: string): Omit<Finding, 'subject'> {
  return { level: 'ok', message };
}

export function warning(message: string, remedy: string): Omit<Finding, 'subject'> {
  return { level: 'warning', message, remedy };
}

export function problem(message: string, remedy: string): Omit<Finding, 'subject'> {
  return { level: 'problem', message, remedy };
}
