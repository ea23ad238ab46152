// The table behind a chart: the same in words, for who cannot or would rather not look at it.
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';

interface Props {
  label: string;
  heads: readonly string[];
  rows: readonly (readonly ComponentChildren[])[] | (() => readonly (readonly ComponentChildren[])[]);
}

const mostRows = 500;

// Until somebody opens it there is nothing of it: what nobody looks at costs nothing.
export function Behind(props: Props) {
  const [open, setOpen] = useState(false);
  return (
    <details class="behind" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>Show as a table</summary>
      {open && <Opened {...props} />}
    </details>
  );
}

function Opened({ label, heads, rows: given }: Props) {
  const rows = typeof given === 'function' ? given() : given;
  return (
    <>
      <div class="behind-box" tabIndex={0} role="region" aria-label={label}>
        <table class="plain-table">
          <caption class="sr-only">{label}</caption>
          <thead>
            <tr>
              {heads.map((head, i) => (
                <th key={head} scope="col" class={i > 0 ? 'right' : ''}>
                  {head}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.slice(0, mostRows).map((cells, r) => (
              <tr key={r}>
                {cells.map((cell, i) => (
                  <td key={heads[i]} class={i > 0 ? 'right' : ''}>
                    {cell}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
        {rows.length > mostRows && <p class="muted">and {rows.length - mostRows} more</p>}
      </div>
    </>
  );
}
