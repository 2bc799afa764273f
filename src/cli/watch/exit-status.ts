/** The exit statuses of `watch` besides 0 (stopped by a signal) and 1 (any other failure). */
export const EXIT_STATUS = { invalidArguments: 2, rejectedToken: 3, expiredCursor: 4 } as const;
