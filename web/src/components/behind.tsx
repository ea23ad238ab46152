// The table behind a chart: the same in words, for who cannot or would rather not look at it.
import type { ComponentChildren } from 'preact';

interface Props {
  label: string;
  heads: readonly string[];
  rows: readonly (readonly ComponentChildren[])[];
}

const mostRows = 500;

export function Behind({ label, heads, rows }: Props) {
  return (
    <details class="behind">
      <summary>Show as a table</summary>
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
    </details>
  );
}
