// The best so far of a study, as a line without axes: what it says is in the table beside it.
interface Props {
  improvements: readonly (readonly [trial: number, value: number])[];
  trials: number; // where the line ends
  label: string;
}

const width = 96;
const height = 22;
const inset = 2;

// Steps down or up at each improvement, from the left edge to the right.
export function sparklinePath({ improvements, trials }: Omit<Props, 'label'>): string {
  const values = improvements.map(([, value]) => value).filter(Number.isFinite);
  if (values.length === 0) return '';
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const last = Math.max(trials, improvements.at(-1)?.[0] ?? 1, 2);
  const x = (trial: number) => inset + ((trial - 1) / (last - 1)) * (width - 2 * inset);
  const y = (value: number) =>
    high > low ? inset + ((high - value) / (high - low)) * (height - 2 * inset) : height / 2;
  const number = (value: number) => String(Math.round(value * 10) / 10);
  const steps = improvements.map(([trial, value], i) =>
    i === 0 ? `M${number(x(trial))} ${number(y(value))}` : `H${number(x(trial))}V${number(y(value))}`,
  );
  return `${steps.join('')}H${number(x(last))}`;
}

export function Sparkline({ label, ...line }: Props) {
  const path = sparklinePath(line);
  if (path === '') return <span class="missing">–</span>;
  return (
    <svg class="sparkline" viewBox={`0 0 ${width} ${height}`} role="img" aria-label={label}>
      <path d={path} />
    </svg>
  );
}
