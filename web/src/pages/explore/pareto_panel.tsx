// What several objectives cost one another: the front of the trials that no other one beats.
import { useCallback, useMemo, useState } from 'preact/hooks';
import type { Objective, Sample, Study } from '../../api/types';
import { canParetoBeLogarithmic, describePareto, paretoOption } from '../../charts/pareto';
import { Behind } from '../../components/behind';
import { Chart } from '../../components/chart';
import { LogToggle } from '../../components/log_toggle';
import { formatNumber } from '../../format';
import { hrefOf } from '../../router';
import type { Sampled } from '../../store/sample';
import type { Palette } from '../../theme';
import { opener } from './opener';

interface Props {
  study: Study;
  sample: Sample;
  rows: readonly Sampled[];
  objectives: readonly Objective[];
}

function pairs<T>(all: readonly T[]): [T, T][] {
  return all.flatMap((first, i) => all.slice(i + 1).map((second): [T, T] => [first, second]));
}

function Pair({
  study,
  sample,
  rows,
  x,
  y,
  whole,
}: Omit<Props, 'objectives'> & { x: Objective; y: Objective; whole: boolean }) {
  const [log, setLog] = useState(false);
  const optimal = useMemo(() => new Set(sample.optimal), [sample]);
  const view = useMemo(
    () => ({ trials: rows, optimal, x, y, whole, reference: sample.hypervolume?.reference ?? null }),
    [rows, optimal, x, y, whole],
  );
  const logAllowed = useMemo(() => canParetoBeLogarithmic(view), [view]);
  const shown = useMemo(() => ({ ...view, log: log && logAllowed }), [view, log, logAllowed]);
  const option = useCallback((palette: Palette) => paretoOption(shown, palette), [shown]);
  return (
    <div>
      <LogToggle on={shown.log} disabled={!logAllowed} onChange={setLog} />
      <Chart size={whole ? 'tall' : 'medium'} label={describePareto(shown)} option={option} onPoint={opener(study)} />
    </div>
  );
}

export function ParetoPanel({ study, sample, rows, objectives }: Props) {
  const optimal = new Set(sample.optimal);
  const front = rows.filter(({ id }) => optimal.has(id));
  const { hypervolume } = sample;
  return (
    <section class="panel" aria-labelledby="pareto-title">
      <header class="panel-head">
        <h2 id="pareto-title">Pareto front</h2>
        <ul class="legend" aria-label="Legend">
          <li>◆ on the front</li>
          <li>● beaten</li>
          {rows.some(({ feasible }) => !feasible) && <li>△ misses a constraint</li>}
          {objectives.length === 2 && hypervolume && <li>□ reference</li>}
        </ul>
        {hypervolume && (
          <span class="muted">
            hypervolume <b>{formatNumber(hypervolume.volume)}</b> up to{' '}
            {objectives.map(({ name }) => `${name} ${formatNumber(hypervolume.reference[name] ?? NaN)}`).join(', ')}
          </span>
        )}
      </header>
      <div class={objectives.length > 2 ? 'explore-grid' : ''}>
        {pairs(objectives).map(([x, y]) => (
          <Pair
            key={`${x.name}/${y.name}`}
            study={study}
            sample={sample}
            rows={rows}
            x={x}
            y={y}
            whole={objectives.length === 2}
          />
        ))}
      </div>
      <Behind
        label="The trials on the front"
        heads={['Trial', ...objectives.map(({ name }) => name)]}
        rows={front.map((trial) => [
          <a href={hrefOf({ page: 'study', study: study.id, trial: trial.id })}>{trial.id}</a>,
          ...objectives.map(({ name }) => formatNumber(trial.values[name] ?? NaN, { fixed: true })),
        ])}
      />
    </section>
  );
}
