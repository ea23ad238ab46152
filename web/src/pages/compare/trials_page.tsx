// Several trials of a study side by side: what they were, what they reached, and how they got there.
import { useCallback, useEffect, useMemo, useState } from 'preact/hooks';
import { getStudy, getTrial } from '../../api/client';
import type { Curves, Study, TrialWithRecords } from '../../api/types';
import { curveOf, metricNames } from '../../charts/curve';
import { canCurvesBeLogarithmic, curvesOption, describeCurves } from '../../charts/curves';
import { Chart } from '../../components/chart';
import { LogToggle } from '../../components/log_toggle';
import { Alert } from '../../components/notices';
import { StateBadge } from '../../components/state_badge';
import { NameSelect } from '../../components/name_select';
import { formatDuration, formatNumber, formatParam, humanize } from '../../format';
import { hrefOf, navigate } from '../../router';
import { goalOf } from '../../store/study_state';
import { useAnswer } from '../../store/use_answer';
import type { Palette } from '../../theme';
import { durationOf, parameterNames } from '../study/trial_columns';

interface Loaded {
  study: Study;
  trials: readonly TrialWithRecords[];
}

async function load(study: string, trials: readonly number[], abort: AbortSignal): Promise<Loaded> {
  const [about, ...found] = await Promise.all([
    getStudy(study, abort),
    ...trials.map((trial) => getTrial(study, trial, abort)),
  ]);
  return { study: about, trials: found };
}

interface Line {
  name: string;
  cells: string[];
}

export function linesOf({ study, trials }: Loaded): Line[] {
  const line = (name: string, cell: (trial: TrialWithRecords) => string): Line => ({ name, cells: trials.map(cell) });
  const objectives = study.spec?.objectives?.map(({ name }) => name) ?? [];
  const number = (value: number | null | undefined) => (typeof value === 'number' ? formatNumber(value) : '–');
  return [
    ...(objectives.length > 0
      ? objectives.map((name) => line(name, (trial) => number(trial.values?.[name])))
      : [line(study.spec?.metric?.name ?? 'value', (trial) => number(trial.value))]),
    ...parameterNames(study, trials).map((name) => line(name, (trial) => formatParam(trial.params[name]))),
    line('chosen by', (trial) => trial.suggestion?.method ?? '–'),
    line('duration', (trial) => {
      const duration = durationOf(trial);
      return duration === null ? '–' : formatDuration(duration);
    }),
    line('reason', (trial) => trial.reason || '–'),
  ];
}

function Table({ loaded }: { loaded: Loaded }) {
  const { study, trials } = loaded;
  return (
    <div class="panel table-scroll" tabIndex={0} role="region" aria-label="The trials">
      <table class="plain-table">
        <caption class="sr-only">The trials side by side; what differs is strong</caption>
        <thead>
          <tr>
            <td />
            {trials.map(({ id }) => (
              <th key={id} scope="col" class="right">
                <a href={hrefOf({ page: 'study', study: study.id, trial: id })}>Trial {id}</a>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          <tr>
            <th scope="row">state</th>
            {trials.map(({ id, state }) => (
              <td key={id} class="right">
                <StateBadge state={state} plain />
              </td>
            ))}
          </tr>
          {linesOf(loaded).map(({ name, cells }) => {
            const differs = new Set(cells).size > 1;
            return (
              <tr key={name}>
                <th scope="row">{differs ? `${name} ≠` : name}</th>
                {cells.map((cell, i) => (
                  <td key={trials[i]?.id} class="right">
                    {differs ? <b>{cell}</b> : <span class="muted">{cell}</span>}
                  </td>
                ))}
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

function CurvesOfTrials({ study, trials }: Loaded) {
  const own = study.spec?.objectives?.[0]?.name ?? study.spec?.metric?.name ?? 'value';
  const [chosen, setChosen] = useState(own);
  const [log, setLog] = useState(false);
  const names = useMemo(
    () =>
      metricNames(
        trials.flatMap(({ records }) => records),
        own,
      ),
    [trials, own],
  );
  const metric = names.includes(chosen) ? chosen : (names[0] ?? own);
  const all = useMemo(
    (): Curves => ({
      metric,
      metrics: names,
      axis: 'step',
      limits: null,
      curves: trials
        .map(({ id, state, reason, records }) => ({ trial: id, state, reason, points: curveOf(records, metric) }))
        .filter(({ points }) => points.length > 0),
    }),
    [trials, names, metric],
  );
  const goal = study.spec?.objectives?.find(({ name }) => name === metric)?.goal ?? goalOf(study);
  const logAllowed = canCurvesBeLogarithmic(all);
  const option = useCallback(
    (palette: Palette) => curvesOption(all, metric === own ? goal : 'minimize', log && logAllowed, palette),
    [all, goal, own, metric, log, logAllowed],
  );
  if (names.length === 0) return null; // nobody reports steps here
  const open = (data: unknown) => {
    const trial = typeof data === 'string' ? Number(data) : (data as { trial?: number }).trial;
    if (trial) navigate(hrefOf({ page: 'study', study: study.id, trial }));
  };
  return (
    <section class="panel" aria-labelledby="curves-title">
      <header class="panel-head">
        <h2 id="curves-title">On the way</h2>
        <NameSelect
          label="Metric of the curves"
          names={names}
          value={metric}
          spoken
          shown={humanize}
          onChange={setChosen}
        />
        <LogToggle on={log && logAllowed} disabled={!logAllowed} onChange={setLog} />
      </header>
      <Chart size="large" label={describeCurves(all)} option={option} onPoint={open} />
    </section>
  );
}

export function TrialsPage({ study, trials }: { study: string; trials: readonly number[] }) {
  const { value, error } = useAnswer(JSON.stringify([study, trials]), (abort) => load(study, trials, abort));
  useEffect(() => {
    document.title = `Trials ${trials.join(', ')} · Krige`;
  }, [trials]);
  return (
    <main class="page" aria-busy={value === null}>
      <header class="page-head">
        <div class="page-title">
          <h1>{value ? value.study.name : 'Compare'}</h1>
          <span class="muted">{trials.length} trials</span>
        </div>
        <a class="button button-link" href={hrefOf({ page: 'study', study, trial: null })}>
          The study
        </a>
      </header>
      {error && <Alert>{error.message}</Alert>}
      {value === null && !error && (
        <p class="loading" role="status">
          Loading the trials …
        </p>
      )}
      {value && (
        <div class="column-main">
          <Table loaded={value} />
          <CurvesOfTrials {...value} />
        </div>
      )}
    </main>
  );
}
