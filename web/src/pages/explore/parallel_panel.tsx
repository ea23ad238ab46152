import { useMemo, useState } from 'preact/hooks';
import type { Goal, Study } from '../../api/types';
import {
  type Axis,
  isWhole,
  linesOf,
  objectiveAxis,
  parameterAxis,
  type Range,
  whole,
  within,
} from '../../charts/parallel';
import { Behind } from '../../components/behind';
import { CompareTrials } from '../../components/compare_link';
import { ParallelPlot } from '../../components/parallel_plot';
import { formatNumber, formatParam } from '../../format';
import { hrefOf, navigate } from '../../router';
import type { Sampled } from '../../store/sample';

interface AxesProps {
  axes: readonly Axis[];
  onMove: (from: number, to: number) => void;
  onLog: (axis: Axis) => void;
}

// What a pointer does on the plot, for a keyboard too.
function Axes({ axes, onMove, onLog }: AxesProps) {
  return (
    <details class="behind">
      <summary>Axes</summary>
      <ol class="axis-order">
        {axes.map((axis, i) => (
          <li key={axis.name}>
            <button
              type="button"
              class="toggle"
              disabled={i === 0}
              aria-label={`${axis.name} to the left`}
              onClick={() => onMove(i, i - 1)}
            >
              ←
            </button>
            <span>{axis.name}</span>
            <button
              type="button"
              class="toggle"
              disabled={i === axes.length - 1}
              aria-label={`${axis.name} to the right`}
              onClick={() => onMove(i, i + 1)}
            >
              →
            </button>
            {axis.canBeLog && (
              <button
                type="button"
                class="toggle"
                aria-pressed={axis.log}
                aria-label={`${axis.name}, log scale`}
                onClick={() => onLog(axis)}
              >
                log
              </button>
            )}
          </li>
        ))}
      </ol>
    </details>
  );
}

interface Props {
  study: Study;
  rows: readonly Sampled[];
  names: readonly string[]; // of the parameters
  objectives: readonly string[];
  objective: string; // that the lines are coloured by
  goal: Goal;
}

export function ParallelPanel({ study, rows, names, objectives, objective, goal }: Props) {
  const [order, setOrder] = useState<readonly string[]>([]);
  const [logs, setLogs] = useState<Readonly<Record<string, boolean>>>({});
  const [ranges, setRanges] = useState<Readonly<Record<string, Range>>>({});
  const axes = useMemo(() => {
    const made = [
      ...names.map((name) => parameterAxis(name, study.spec?.parameters?.[name], rows, logs[name])),
      ...objectives.map((name) => objectiveAxis(name, rows, logs[name])),
    ];
    const place = ({ name }: Axis) => (order.includes(name) ? order.indexOf(name) : made.length);
    return made.sort((a, b) => place(a) - place(b));
  }, [names, objectives, study.spec, rows, logs, order]);
  const lines = useMemo(() => linesOf(rows, axes, goal), [rows, axes, goal]);
  const picked = useMemo(() => axes.map(({ name }) => ranges[name] ?? whole), [axes, ranges]);
  const inside = useMemo(() => within(lines, picked), [lines, picked]);
  const chosen = useMemo(() => lines.rows.filter((_, r) => inside[r] === 1).reverse(), [lines, inside]);
  const move = (from: number, to: number) => {
    const moved = axes.map(({ name }) => name);
    moved.splice(to, 0, ...moved.splice(from, 1));
    setOrder(moved);
  };
  const onLog = (axis: Axis) => {
    setLogs({ ...logs, [axis.name]: !axis.log });
    setRanges({ ...ranges, [axis.name]: whole }); // a place there is another value now
  };
  const anyPicked = picked.some((range) => !isWhole(range));
  return (
    <section class="panel" aria-labelledby="parallel-title">
      <header class="panel-head">
        <h2 id="parallel-title">Parallel coordinates</h2>
        <p class="heat-scale">
          <span>worst</span>
          <span class="rank-bar" aria-hidden="true" />
          <span>best</span>
        </p>
        <span class="muted">Drag along an axis to pick a range, or move its handles with the arrow keys.</span>
        <span class="muted" role="status">
          {anyPicked && `${chosen.length} of ${rows.length} within the ranges`}
        </span>
        {anyPicked && <CompareTrials study={study.id} trials={chosen.map(({ id }) => id)} />}
        {anyPicked && (
          <button type="button" class="toggle" onClick={() => setRanges({})}>
            Let go of all
          </button>
        )}
      </header>
      <ParallelPlot
        lines={lines}
        inside={inside}
        axes={axes}
        ranges={picked}
        label={`${rows.length} trials on ${axes.length} parallel axes: ${axes.map(({ name }) => name).join(', ')}.`}
        onRange={(axis, range) => setRanges({ ...ranges, [(axes[axis] as Axis).name]: range })}
        onMove={move}
        onTrial={(trial) => navigate(hrefOf({ page: 'study', study: study.id, trial }))}
      />
      <Axes axes={axes} onMove={move} onLog={onLog} />
      <Behind
        label="The trials that are shown, the best first"
        heads={['Trial', ...names, objective]}
        rows={() =>
          chosen.map((trial) => [
            <a href={hrefOf({ page: 'study', study: study.id, trial: trial.id })}>{trial.id}</a>,
            ...names.map((name) => formatParam(trial.params[name])),
            formatNumber(trial.value, { fixed: true }),
          ])
        }
      />
    </section>
  );
}
