// Shares of a whole, a bar each, in words too.
export interface Bar {
  label: string;
  value: number;
  part: number; // of the bar's length, in [0, 1]
  inner?: number; // of the bar's length, drawn darker within it
  text: string;
}

export function Bars({ label, bars }: { label: string; bars: readonly Bar[] }) {
  return (
    <ul class="bars" aria-label={label}>
      {bars.map((bar) => (
        <li key={bar.label}>
          <span class="bar-label" title={bar.label}>
            {bar.label}
          </span>
          <span class="bar-track" aria-hidden="true">
            <span class="bar-part" style={{ width: `${100 * bar.part}%` }} />
            {bar.inner !== undefined && <span class="bar-inner" style={{ width: `${100 * bar.inner}%` }} />}
          </span>
          <span class="bar-text">{bar.text}</span>
        </li>
      ))}
    </ul>
  );
}
