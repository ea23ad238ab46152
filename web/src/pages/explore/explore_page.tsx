// All trials at once, to see what makes a good one. Every chart opens the trial that is clicked.
import { useCallback, useMemo, useState } from 'preact/hooks';
import type { Study, Trial } from '../../api/types';
import {
  describeParallel,
  distributionOf,
  distributionOption,
  parallelOption,
  type ParallelView,
  scatterOption,
  topOf,
  valued,
  type Valued,
} from '../../charts/explore';
import { Behind } from '../../components/behind';
import { Chart } from '../../components/chart';
import { LogToggle } from '../../components/log_toggle';
import { Empty } from '../../components/notices';
import { formatNumber, formatParam, humanize } from '../../format';
import { hrefOf, navigate } from '../../router';
import { varies } from '../../store/space';
import { goalOf } from '../../store/study_state';
import type { Palette } from '../../theme';
import { CurvesPanel } from './curves_panel';
import { parameterNames } from '../study/trial_columns';

const shares = [100, 50, 25, 10, 5];

interface Shown {
  study: Study;
  trials: readonly Valued[];
  names: readonly string[];
  log: boolean;
}

const metricOf = (study: Study) => study.spec?.metric?.name ?? 'value';

function opener(study: Study) {
  return (data: unknown) => {
    const { trial } = data as { trial?: number };
    if (trial !== undefined) navigate(hrefOf({ page: 'study', study: study.id, trial }));
  };
}

// Axes are moved with buttons, which a keyboard reaches too.
function AxisOrder({ names, onChange }: { names: readonly string[]; onChange: (names: string[]) => void }) {
  const move = (from: number, by: number) => {
    const moved = [...names];
    const [name] = moved.splice(from, 1);
    moved.splice(from + by, 0, name as string);
    onChange(moved);
  };
  return (
    <details class="behind">
      <summary>Order of the axes</summary>
      <ol class="axis-order">
        {names.map((name, i) => (
          <li key={name}>
            <button
              type="button"
              class="toggle"
              disabled={i === 0}
              aria-label={`${name} to the left`}
              onClick={() => move(i, -1)}
            >
              ←
            </button>
            <span>{name}</span>
            <button
              type="button"
              class="toggle"
              disabled={i === names.length - 1}
              aria-label={`${name} to the right`}
              onClick={() => move(i, 1)}
            >
              →
            </button>
          </li>
        ))}
      </ol>
    </details>
  );
}

function ParallelPanel({ study, trials, names, log }: Shown) {
  const [order, setOrder] = useState<readonly string[]>([]);
  const ordered = useMemo(() => {
    const kept = order.filter((name) => names.includes(name));
    return [...kept, ...names.filter((name) => !kept.includes(name))];
  }, [order, names]);
  const view = useMemo(
    (): ParallelView => ({
      trials,
      goal: goalOf(study),
      metric: metricOf(study),
      parameters: study.spec?.parameters ?? {},
      names: ordered,
      log,
    }),
    [trials, study.spec, ordered, log],
  );
  const option = useCallback((palette: Palette) => parallelOption(view, palette), [view]);
  return (
    <section class="panel" aria-labelledby="parallel-title">
      <header class="panel-head">
        <h2 id="parallel-title">Parallel coordinates</h2>
        <p class="heat-scale">
          <span>worst</span>
          <span class="rank-bar" aria-hidden="true" />
          <span>best</span>
        </p>
        <span class="muted">Drag along an axis to pick a range, click it to let go.</span>
      </header>
      <Chart size="tall" label={describeParallel(view)} option={option} onPoint={opener(study)} />
      <AxisOrder names={ordered} onChange={setOrder} />
      <Behind
        label="The trials that are shown, the best first"
        heads={['Trial', ...ordered, metricOf(study)]}
        rows={trials.map((trial) => [
          <a href={hrefOf({ page: 'study', study: study.id, trial: trial.id })}>{trial.id}</a>,
          ...ordered.map((name) => formatParam(trial.params[name])),
          formatNumber(trial.value, { fixed: true }),
        ])}
      />
    </section>
  );
}

function ScatterChart({ study, trials, name, log }: Omit<Shown, 'names'> & { name: string }) {
  const option = useCallback(
    (palette: Palette) =>
      scatterOption({ trials, name, parameter: study.spec?.parameters?.[name], metric: metricOf(study), log }, palette),
    [trials, name, study.spec, log],
  );
  return (
    <Chart
      size="medium"
      label={`${humanize(metricOf(study))} of ${trials.length} trials over ${name}.`}
      option={option}
      onPoint={opener(study)}
    />
  );
}

function DistributionPanel({ study, trials }: { study: Study; trials: readonly Valued[] }) {
  const goal = goalOf(study);
  const points = useMemo(() => distributionOf(trials, goal), [trials, goal]);
  const option = useCallback(
    (palette: Palette) => distributionOption(points, metricOf(study), goal, palette),
    [points, goal, study.spec],
  );
  const middle = points[Math.floor((points.length - 1) / 2)];
  return (
    <section class="panel" aria-labelledby="edf-title">
      <header class="panel-head">
        <h2 id="edf-title">How many are how good</h2>
      </header>
      <Chart
        size="medium"
        label={`Share of the trials by ${metricOf(study)}: half of them are ${formatNumber(middle?.[0] ?? NaN)} or better.`}
        option={option}
      />
      <Behind
        label="Share of the trials by value"
        heads={[metricOf(study), 'trials at least so good']}
        rows={points.map(([value, part]) => [formatNumber(value, { fixed: true }), `${Math.round(100 * part)} %`])}
      />
    </section>
  );
}

export function ExplorePage({ study, trials }: { study: Study; trials: readonly Trial[] }) {
  const [percent, setPercent] = useState(100);
  const [log, setLog] = useState(false);
  const all = useMemo(() => valued(trials), [trials]);
  const goal = goalOf(study);
  const shown = useMemo(() => (all.length === 0 ? [] : topOf(all, goal, percent)), [all, goal, percent]);
  const found = parameterNames(study, trials).filter((name) => {
    const parameter = study.spec?.parameters?.[name];
    return parameter === undefined || varies(parameter);
  });
  const names = useMemo(() => found, [found.join('\n')]);
  if (all.length === 0) {
    return (
      <section class="panel">
        <Empty title="No trial has a value yet.">The charts appear with the first one.</Empty>
      </section>
    );
  }
  const logAllowed = shown.every(({ value }) => value > 0);
  return (
    <div class="column-main">
      <div class="toolbar explore-tools">
        <label class="select-label">
          <span class="muted">Trials</span>{' '}
          <select value={percent} onChange={(event) => setPercent(Number(event.currentTarget.value))}>
            {shares.map((share) => (
              <option key={share} value={share}>
                {share === 100 ? 'all' : `the best ${share} %`}
              </option>
            ))}
          </select>
        </label>
        <span class="muted">
          {shown.length} of {all.length} with a value
        </span>
        <LogToggle on={log && logAllowed} disabled={!logAllowed} onChange={setLog} />
      </div>
      <ParallelPanel study={study} trials={shown} names={names} log={log} />
      <section class="panel" aria-labelledby="scatter-title">
        <header class="panel-head">
          <h2 id="scatter-title">One parameter at a time</h2>
          <span class="muted">later trials are stronger</span>
        </header>
        <div class="explore-grid">
          {names.map((name) => (
            <ScatterChart key={name} study={study} trials={shown} name={name} log={log} />
          ))}
        </div>
      </section>
      <CurvesPanel study={study} trials={trials} />
      <DistributionPanel study={study} trials={all} />
    </div>
  );
}
