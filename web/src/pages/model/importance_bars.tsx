// How much each parameter matters to the model's mean.
import type { Importance } from '../../api/types';
import { Bars } from '../../components/bars';

const percent = (part: number): string => `${Math.round(100 * part)} %`;

export const byTotal = ({ parameters }: Importance): Importance['parameters'] =>
  [...parameters].sort((a, b) => b.total - a.total);

export function ImportanceBars({ parameters }: { parameters: Importance['parameters'] }) {
  return (
    <Bars
      label="Importance of the parameters"
      bars={parameters.map(({ parameter, total, first_order: first }) => ({
        label: parameter,
        value: total,
        part: total,
        inner: Math.min(first, total),
        text: percent(total),
      }))}
    />
  );
}
