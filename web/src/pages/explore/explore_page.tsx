// All trials at once, to see what makes a good one. Every chart opens the trial that is clicked.
import { useCallback, useMemo, useState } from 'preact/hooks';
import type { Goal, Study } from '../../api/types';
import { distributionOf, distributionOption, planeOption, scatterOption } from '../../charts/explore';
import { Behind } from '../../components/behind';
import { Chart } from '../../components/chart';
import { LogToggle } from '../../components/log_toggle';
import { Alert, Empty } from '../../components/notices';
import { NameSelect } from '../../components/name_select';
import { formatNumber, humanize } from '../../format';
import { rowsOf, type Sampled, useSample } from '../../store/sample';
import { varies } from '../../store/space';
import { goalOf } from '../../store/study_state';
import type { Palette } from '../../theme';
import { parameterNames } from '../study/trial_columns';
import { CurvesPanel } from './curves_panel';
import { opener } from './opener';
import { ParallelPanel } from './parallel_panel';
import { ParetoPanel } from './pareto_panel';

const shares = [100, 50, 25, 10, 5, 1];
const mostDrawn = 2000;

interface Shown {
  study: Study;
  rows: readonly Sampled[];
  objective: string;
  log: boolean;
}

function ScatterChart({ study, rows, objective, log, name }: Shown & { name: string }) {
  const option = useCallback(
    (palette: Palette) =>
      scatterOption({ trials: rows, name, parameter: study.spec?.parameters?.[name], metric: objective, log }, palette),
    [rows, name, study.spec, objective, log],
  );
  return (
    <Chart
      size="medium"
      label={`${humanize(objective)} of ${rows.length} trials over ${name}.`}
      option={option}
      onPoint={opener(study)}
    />
  );
}

function PlanePanel({
  study,
  rows,
  objective,
  goal,
  names,
}: Omit<Shown, 'log'> & { goal: Goal; names: readonly string[] }) {
  const [chosen, setChosen] = useState<readonly [string, string]>(['', '']);
  const [x, y] = [
    names.includes(chosen[0]) ? chosen[0] : (names[0] as string),
    names.includes(chosen[1]) ? chosen[1] : (names[1] as string),
  ];
  const option = useCallback(
    (palette: Palette) =>
      planeOption({ trials: rows, goal, metric: objective, x, y, parameters: study.spec?.parameters ?? {} }, palette),
    [rows, goal, objective, x, y, study.spec],
  );
  return (
    <section class="panel" aria-labelledby="plane-title">
      <header class="panel-head">
        <h2 id="plane-title">Two parameters</h2>
        <NameSelect label="across" names={names} value={x} onChange={(name) => setChosen([name, y])} />
        <NameSelect label="up" names={names} value={y} onChange={(name) => setChosen([x, name])} />
        <span class="muted">the better, the larger and the stronger</span>
      </header>
      <Chart
        size="large"
        label={`${rows.length} trials by ${x} and ${y}; the better ${objective}, the larger.`}
        option={option}
        onPoint={opener(study)}
      />
    </section>
  );
}

function DistributionPanel({ values, objective, goal }: { values: readonly number[]; objective: string; goal: Goal }) {
  const points = useMemo(() => distributionOf(values), [values]);
  const option = useCallback(
    (palette: Palette) => distributionOption(points, objective, goal, palette),
    [points, objective, goal],
  );
  const middle = points[Math.floor((points.length - 1) / 2)];
  return (
    <section class="panel" aria-labelledby="edf-title">
      <header class="panel-head">
        <h2 id="edf-title">How many are how good</h2>
      </header>
      <Chart
        size="medium"
        label={`Share of the trials by ${objective}: half of them are ${formatNumber(middle?.[0] ?? NaN)} or better.`}
        option={option}
      />
      <Behind
        label="Share of the trials by value"
        heads={[objective, 'trials at least so good']}
        rows={points.map(([value, part]) => [formatNumber(value, { fixed: true }), `${Math.round(100 * part)} %`])}
      />
    </section>
  );
}

// `fixed`: nobody is there to ask for other trials.
export function ExplorePage({ study, fixed = false }: { study: Study; fixed?: boolean }) {
  const [top, setTop] = useState(100);
  const [log, setLog] = useState(false);
  const [chosen, setChosen] = useState(''); // of several objectives
  const { sample, error, loading } = useSample(study, { top, limit: mostDrawn, objective: chosen });
  const rows = useMemo(() => (sample ? rowsOf(sample) : []), [sample]);
  const found = parameterNames(study, rows).filter((name) => {
    const parameter = study.spec?.parameters?.[name];
    return parameter === undefined || varies(parameter);
  });
  const names = useMemo(() => found, [found.join('\n')]);
  const objectives = study.spec?.objectives ?? [];
  const objectiveNames = useMemo(() => Object.keys(sample?.values ?? {}), [sample]);
  if (sample === null) {
    return error ? (
      <Alert>{error.message}</Alert>
    ) : (
      <p class="loading" role="status">
        Loading the trials …
      </p>
    );
  }
  if (rows.length === 0) {
    return (
      <section class="panel">
        <Empty title="No trial has a value yet.">The charts appear with the first one.</Empty>
      </section>
    );
  }
  const { objective } = sample;
  const goal = objectives.find(({ name }) => name === objective)?.goal ?? goalOf(study);
  const logAllowed = rows.every(({ value }) => value > 0);
  const shown = { study, rows, objective, log: log && logAllowed };
  return (
    <div class="column-main" aria-busy={loading}>
      <div class="toolbar explore-tools">
        {objectives.length > 0 && !fixed && (
          <NameSelect
            label="Objective"
            names={objectives.map(({ name }) => name)}
            value={objective}
            onChange={setChosen}
          />
        )}
        {!fixed && (
          <label class="select-label">
            <span class="muted">Trials</span>{' '}
            <select value={top} onChange={(event) => setTop(Number(event.currentTarget.value))}>
              {shares.map((share) => (
                <option key={share} value={share}>
                  {share === 100 ? 'all' : `the best ${share} %`}
                </option>
              ))}
            </select>
          </label>
        )}
        <span class="muted">
          {sample.chosen} of {sample.valued} with a value
          {rows.length < sample.chosen &&
            `; drawn are ${rows.length}, the best of them and an even choice of the others`}
        </span>
        <LogToggle on={log && logAllowed} disabled={!logAllowed} onChange={setLog} />
      </div>
      {error && <Alert>{error.message}</Alert>}
      {objectives.length > 1 && <ParetoPanel study={study} sample={sample} rows={rows} objectives={objectives} />}
      <ParallelPanel
        study={study}
        rows={rows}
        names={names}
        objectives={objectiveNames}
        objective={objective}
        goal={goal}
      />
      <section class="panel" aria-labelledby="scatter-title">
        <header class="panel-head">
          <h2 id="scatter-title">One parameter at a time</h2>
          <span class="muted">later trials are stronger</span>
        </header>
        <div class="explore-grid">
          {names.map((name) => (
            <ScatterChart key={name} {...shown} name={name} />
          ))}
        </div>
      </section>
      {names.length > 1 && <PlanePanel study={study} rows={rows} objective={objective} goal={goal} names={names} />}
      <CurvesPanel study={study} />
      <DistributionPanel values={sample.distribution} objective={objective} goal={goal} />
    </div>
  );
}
