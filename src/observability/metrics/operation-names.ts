/** Maximum number of operation names, besides `anonymous` and `other`. Each one has its own time series. */
export const MAX_OPERATION_NAMES = 100;
/** Longer names are cut. */
const MAX_LENGTH = 60;

/**
 * Bounds the values of the label `operation`, which clients choose: the first names are kept, all others become `other`.
 */
export function createOperationNames(max = MAX_OPERATION_NAMES): (name: string | null) => string {
  const known = new Set<string>();
  return (name) => {
    if (name === null) return 'anonymous';
    const label = name.length > MAX_LENGTH ? name.slice(0, MAX_LENGTH) : name;
    if (known.has(label)) return label;
    if (known.size >= max) return 'other';
    known.add(label);
    return label;
  };
}
