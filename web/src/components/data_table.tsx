// A table whose rows are all here: sorted by a click on a heading.
import { useCallback, useMemo, useState } from 'preact/hooks';
import { type Look, TableView } from './table_view';
import { type Sort, sortRows } from './virtual_rows';

export type { Column } from './table_view';

interface Props<Row> extends Look<Row> {
  rows: readonly Row[];
  initialSort: Sort;
}

export function DataTable<Row>({ rows, initialSort, ...look }: Props<Row>) {
  const { columns, keyOf } = look;
  const [sort, setSort] = useState(initialSort);
  const sorted = useMemo(() => {
    const column = columns.find((other) => other.key === sort.column) ?? columns[0];
    return column ? sortRows(rows, column.sortKey, sort.descending) : [...rows];
  }, [rows, columns, sort]);
  const rowAt = useCallback((index: number) => sorted[index], [sorted]);
  const indexOf = (key: number) => sorted.findIndex((row) => keyOf(row) === key);
  return <TableView {...look} count={sorted.length} rowAt={rowAt} indexOf={indexOf} sort={sort} onSort={setSort} />;
}
