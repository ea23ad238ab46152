// A table of many rows: sorted by a click on a heading, only the rows in view are in the document, the first columns
// stay while the others scroll sideways.
import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { type Sort, type SortKey, sortRows, visibleRows } from './virtual_rows';

export interface Column<Row> {
  key: string;
  label: string;
  width: number; // pixels
  align?: 'right';
  sticky?: boolean; // only the leading columns
  sortKey: (row: Row) => SortKey;
  cell: (row: Row) => ComponentChildren;
  title?: (row: Row) => string;
}

interface Props<Row> {
  label: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  keyOf: (row: Row) => number;
  initialSort: Sort;
  height: number; // pixels that the table takes at most
  rowClass?: (row: Row) => string;
  selected?: number | null;
  onSelect?: (key: number) => void;
}

const rowHeight = 34;

function useSorted<Row>({ columns, rows, initialSort }: Props<Row>) {
  const [sort, setSort] = useState(initialSort);
  const sorted = useMemo(() => {
    const column = columns.find((other) => other.key === sort.column) ?? columns[0];
    return column ? sortRows(rows, column.sortKey, sort.descending) : [...rows];
  }, [rows, columns, sort]);
  const toggle = (key: string) =>
    setSort((old) => ({ column: key, descending: old.column === key ? !old.descending : key === initialSort.column }));
  return { sort, sorted, toggle };
}

// New rows above the view push nothing down: the row at the top of the view stays there.
function useAnchor<Row>(sorted: readonly Row[], keyOf: (row: Row) => number, sort: Sort) {
  const box = useRef<HTMLDivElement>(null);
  const [scrollTop, setScrollTop] = useState(0);
  const anchor = useRef<{ key: number; index: number; sort: Sort } | null>(null);
  const top = Math.floor(scrollTop / rowHeight);
  useLayoutEffect(() => {
    const old = anchor.current;
    if (box.current && old && old.sort === sort && top > 0) {
      const index = sorted.findIndex((row) => keyOf(row) === old.key);
      if (index >= 0 && index !== old.index) box.current.scrollTop += (index - old.index) * rowHeight;
    }
  }, [sorted]);
  useLayoutEffect(() => {
    const at = Math.floor((box.current?.scrollTop ?? 0) / rowHeight);
    const row = sorted[at];
    anchor.current = row === undefined ? null : { key: keyOf(row), index: at, sort };
  }, [sorted, top]);
  return { box, scrollTop, onScroll: () => setScrollTop(box.current?.scrollTop ?? 0) };
}

function leftOffsets<Row>(columns: readonly Column<Row>[]): (string | undefined)[] {
  let left = 0;
  return columns.map((column) => {
    const offset = column.sticky ? `${left}px` : undefined;
    left += column.width;
    return offset;
  });
}

function cellClass<Row>(column: Column<Row>): string {
  return `${column.align === 'right' ? 'right' : ''} ${column.sticky ? 'sticky' : ''}`;
}

interface HeadProps<Row> {
  columns: readonly Column<Row>[];
  lefts: readonly (string | undefined)[];
  sort: Sort;
  toggle: (key: string) => void;
}

function Head<Row>({ columns, lefts, sort, toggle }: HeadProps<Row>) {
  return (
    <thead>
      <tr aria-rowindex={1}>
        {columns.map((column, i) => {
          const direction = sort.column === column.key ? (sort.descending ? 'descending' : 'ascending') : 'none';
          return (
            <th key={column.key} scope="col" aria-sort={direction} class={cellClass(column)} style={{ left: lefts[i] }}>
              <button type="button" class="sort" title={column.label} onClick={() => toggle(column.key)}>
                <span class="sort-label">{column.label}</span>
                <span class="sort-mark" aria-hidden="true">
                  {direction === 'none' ? '' : direction === 'descending' ? '↓' : '↑'}
                </span>
              </button>
            </th>
          );
        })}
      </tr>
    </thead>
  );
}

export function DataTable<Row>(props: Props<Row>) {
  const { label, columns, rows, keyOf, height, rowClass, selected = null, onSelect } = props;
  const { sort, sorted, toggle } = useSorted(props);
  const { box, scrollTop, onScroll } = useAnchor(sorted, keyOf, sort);
  const lefts = useMemo(() => leftOffsets(columns), [columns]);
  const width = columns.reduce((sum, column) => sum + column.width, 0);
  const view = visibleRows(sorted.length, scrollTop, height, rowHeight);
  const boxStyle = { maxHeight: `${height}px` };
  return (
    <div class="table-box" ref={box} onScroll={onScroll} style={boxStyle} role="region" aria-label={label} tabIndex={0}>
      <table class="data-table" aria-rowcount={rows.length + 1} style={{ minWidth: `${width}px` }}>
        <caption class="sr-only">{label}</caption>
        <colgroup>
          {columns.map((column) => (
            <col key={column.key} style={{ width: `${column.width}px` }} />
          ))}
        </colgroup>
        <Head columns={columns} lefts={lefts} sort={sort} toggle={toggle} />
        <tbody>
          {view.above > 0 && <tr class="spacer" aria-hidden="true" style={{ height: `${view.above}px` }} />}
          {sorted.slice(view.first, view.end).map((row, i) => (
            <tr
              key={keyOf(row)}
              aria-rowindex={view.first + i + 2}
              aria-current={keyOf(row) === selected ? 'true' : undefined}
              class={`${rowClass?.(row) ?? ''} ${onSelect ? 'selectable' : ''}`}
              onClick={onSelect && (() => onSelect(keyOf(row)))}
            >
              {columns.map((column, c) => (
                <td key={column.key} class={cellClass(column)} style={{ left: lefts[c] }} title={column.title?.(row)}>
                  {column.cell(row)}
                </td>
              ))}
            </tr>
          ))}
          {view.below > 0 && <tr class="spacer" aria-hidden="true" style={{ height: `${view.below}px` }} />}
        </tbody>
      </table>
    </div>
  );
}
