// A table of many rows: only those in view are in the document, the first columns stay while the others scroll sideways.
// Where the rows are and in which order, somebody else knows.
import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { type Sort, type SortKey, visibleRows } from './virtual_rows';

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

export interface Look<Row> {
  label: string;
  columns: readonly Column<Row>[];
  keyOf: (row: Row) => number;
  height: number; // pixels that the table takes at most
  rowClass?: (row: Row) => string;
  selected?: number | null;
  onSelect?: (key: number) => void;
}

interface Props<Row> extends Look<Row> {
  count: number;
  rowAt: (index: number) => Row | undefined; // undefined: it is on its way
  indexOf: (key: number) => number; // -1: not known
  sort: Sort;
  onSort: (sort: Sort) => void;
  onView?: (first: number, end: number) => void;
}

const rowHeight = 34;

// New rows above the view push nothing down: the row at the top of the view stays there.
function useAnchor<Row>({ count, rowAt, indexOf, keyOf, sort }: Props<Row>) {
  const box = useRef<HTMLDivElement>(null);
  const [scrollTop, setScrollTop] = useState(0);
  const anchor = useRef<{ key: number; index: number; sort: Sort } | null>(null);
  const top = Math.floor(scrollTop / rowHeight);
  useLayoutEffect(() => {
    const old = anchor.current;
    if (box.current && old && old.sort === sort && top > 0) {
      const index = indexOf(old.key);
      if (index >= 0 && index !== old.index) box.current.scrollTop += (index - old.index) * rowHeight;
    }
  }, [rowAt, count]);
  useLayoutEffect(() => {
    const at = Math.floor((box.current?.scrollTop ?? 0) / rowHeight);
    const row = rowAt(at);
    anchor.current = row === undefined ? null : { key: keyOf(row), index: at, sort };
  }, [rowAt, count, top]);
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

export function TableView<Row>(props: Props<Row>) {
  const {
    label,
    columns,
    count,
    rowAt,
    keyOf,
    height,
    rowClass,
    selected = null,
    onSelect,
    sort,
    onSort,
    onView,
  } = props;
  const { box, scrollTop, onScroll } = useAnchor(props);
  const lefts = useMemo(() => leftOffsets(columns), [columns]);
  const first = useRef(sort.column); // its order is the descending one
  const toggle = (key: string) =>
    onSort({ column: key, descending: sort.column === key ? !sort.descending : key === first.current });
  const width = columns.reduce((sum, column) => sum + column.width, 0);
  const view = visibleRows(count, scrollTop, height, rowHeight);
  useEffect(() => onView?.(view.first, view.end), [onView, view.first, view.end]);
  const boxStyle = { maxHeight: `${height}px` };
  const indices = Array.from({ length: view.end - view.first }, (_, i) => view.first + i);
  return (
    <div class="table-box" ref={box} onScroll={onScroll} style={boxStyle} role="region" aria-label={label} tabIndex={0}>
      <table class="data-table" aria-rowcount={count + 1} style={{ minWidth: `${width}px` }}>
        <caption class="sr-only">{label}</caption>
        <colgroup>
          {columns.map((column) => (
            <col key={column.key} style={{ width: `${column.width}px` }} />
          ))}
        </colgroup>
        <Head columns={columns} lefts={lefts} sort={sort} toggle={toggle} />
        <tbody>
          {view.above > 0 && <tr class="spacer" aria-hidden="true" style={{ height: `${view.above}px` }} />}
          {indices.map((index) => {
            const row = rowAt(index);
            if (row === undefined) {
              return (
                <tr key={`waits-${index}`} class="waits" aria-rowindex={index + 2}>
                  <td colSpan={columns.length}>…</td>
                </tr>
              );
            }
            return (
              <tr
                key={keyOf(row)}
                aria-rowindex={index + 2}
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
            );
          })}
          {view.below > 0 && <tr class="spacer" aria-hidden="true" style={{ height: `${view.below}px` }} />}
        </tbody>
      </table>
    </div>
  );
}
