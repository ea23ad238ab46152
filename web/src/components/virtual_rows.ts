// Which rows of a long table are drawn: all have one height, so this is arithmetic.
export interface Window {
  first: number;
  end: number; // one past the last
  above: number; // pixels that stand for the rows left out
  below: number;
}

const overscan = 6;

export function visibleRows(count: number, scrollTop: number, viewHeight: number, rowHeight: number): Window {
  const top = Math.max(0, Math.min(scrollTop, count * rowHeight - viewHeight));
  const first = Math.max(0, Math.floor(top / rowHeight) - overscan);
  const end = Math.min(count, Math.ceil((top + viewHeight) / rowHeight) + overscan);
  return { first, end, above: first * rowHeight, below: (count - end) * rowHeight };
}

export type SortKey = number | string | null;
export interface Sort {
  column: string;
  descending: boolean;
}

function compareKeys(a: SortKey, b: SortKey): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  if (typeof a === 'string' && typeof b === 'string') return a < b ? -1 : Number(a > b);
  return typeof a === 'number' ? -1 : 1;
}

const isMissing = (key: SortKey): boolean => key === null || Number.isNaN(key);

// Rows without a value come last in both directions; equal ones keep their order.
export function sortRows<Row>(rows: readonly Row[], keyOf: (row: Row) => SortKey, descending: boolean): Row[] {
  const keyed = rows.map((row, index) => ({ row, index, key: keyOf(row) }));
  const sign = descending ? -1 : 1;
  keyed.sort((a, b) => {
    const missing = Number(isMissing(a.key)) - Number(isMissing(b.key));
    if (missing !== 0) return missing;
    if (isMissing(a.key)) return a.index - b.index;
    return sign * compareKeys(a.key, b.key) || a.index - b.index;
  });
  return keyed.map(({ row }) => row);
}
