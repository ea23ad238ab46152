// One trial beside the study: its value, why it was tried, its parameters, its curve and its attempts.
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { Attempt, StepRecord, Study, Trial } from '../../api/types';
import { canCurveBeLogarithmic, curveOf, curveOption, describeCurve, metricNames } from '../../charts/curve';
import { Chart } from '../../components/chart';
import { LogToggle } from '../../components/log_toggle';
import { Alert, Empty } from '../../components/notices';
import { StateBadge } from '../../components/state_badge';
import { NameSelect } from '../../components/name_select';
import { formatDuration, humanize } from '../../format';
import { hrefOf } from '../../router';
import { isDone } from '../../store/study_state';
import type { StudyStore } from '../../store/study_store';
import { useCurve } from '../../store/use_curve';
import type { Palette } from '../../theme';
import { Outcome, ParameterTable, RecordsTable, Suggested } from '../trial/parts';
import { Why } from './why';

function Curve({ records, metric, ended }: { records: readonly StepRecord[]; metric: string; ended: boolean }) {
  const names = useMemo(() => metricNames(records, metric), [records, metric]);
  const [chosen, setChosen] = useState<string | null>(null);
  const [log, setLog] = useState(false);
  const shown = chosen !== null && names.includes(chosen) ? chosen : names[0];
  const points = useMemo(() => (shown === undefined ? [] : curveOf(records, shown)), [records, shown]);
  const logAllowed = canCurveBeLogarithmic(points);
  const option = useMemo(
    () => (palette: Palette) => curveOption(points, shown ?? '', log && logAllowed, palette),
    [points, shown, log, logAllowed],
  );
  if (shown === undefined) {
    return <Empty title={ended ? 'This trial reported no steps.' : 'No step is reported yet.'} />;
  }
  return (
    <>
      <div class="toolbar">
        <NameSelect label="Metric" names={names} value={shown} spoken shown={humanize} onChange={setChosen} />
        <LogToggle on={log && logAllowed} disabled={!logAllowed} onChange={setLog} />
      </div>
      <Chart size="small" label={describeCurve(points, shown)} option={option} />
      <details class="behind">
        <summary>Show as a table</summary>
        <RecordsTable records={records} names={names} />
      </details>
    </>
  );
}

function attemptDuration({ started_at, ended_at }: Attempt): string {
  return started_at && ended_at ? formatDuration(Date.parse(ended_at) - Date.parse(started_at)) : '';
}

function Attempts({ attempts }: { attempts: readonly Attempt[] }) {
  return (
    <section aria-label="Attempts">
      <h3>Attempts</h3>
      <ol class="attempts">
        {attempts.map((attempt) => (
          <li key={attempt.id}>
            <span class="attempt-head">
              <StateBadge state={attempt.state} plain />
              <span class="muted">{[attempt.worker, attemptDuration(attempt)].filter(Boolean).join(' · ')}</span>
            </span>
            {attempt.reason && <span class="attempt-reason">{attempt.reason}</span>}
          </li>
        ))}
      </ol>
    </section>
  );
}

interface Props {
  store: StudyStore;
  study: Study;
  trial: Trial;
  best: Trial | null;
  names: readonly string[];
  chosen: boolean; // by the user; otherwise it is the best one that is shown
}

export function TrialPanel({ store, study, trial, best, names, chosen }: Props) {
  const panel = useRef<HTMLElement>(null);
  const { records, loading, error } = useCurve(store, trial.id);
  useEffect(() => {
    // Below the other columns the panel may be out of sight when a trial is chosen in the table.
    if (chosen && matchMedia('(max-width: 1080px)').matches) panel.current?.scrollIntoView({ block: 'start' });
  }, [chosen, trial.id]);
  const metric = study.spec?.metric?.name ?? '';
  const isBest = best?.id === trial.id;
  return (
    <aside ref={panel} class="panel trial-panel" aria-label={`Trial ${trial.id}`} data-trial={trial.id}>
      <header class="panel-head">
        <h2>
          {chosen ? `Trial ${trial.id}` : 'Best trial'}
          {!chosen && <span class="muted"> #{trial.id}</span>}
          {chosen && isBest && <span class="best-mark">★ best</span>}
        </h2>
        <StateBadge state={trial.state} />
        {chosen && (
          <a
            class="icon-button"
            href={hrefOf({ page: 'study', study: study.id, trial: null })}
            aria-label="Close the trial"
          >
            ✕
          </a>
        )}
      </header>
      <Outcome study={study} trial={trial} records={records} />
      <Suggested trial={trial} />
      <Why study={study} trial={trial} />
      {trial.reason && <p class="trial-reason">{trial.reason}</p>}
      <section aria-label="Curve">
        {error && <Alert>{error}</Alert>}
        {!error && loading && <div class="chart chart-small" aria-busy="true" />}
        {!error && !loading && <Curve records={records} metric={metric} ended={isDone(trial.state)} />}
      </section>
      <section aria-label="Parameters">
        <h3>Parameters</h3>
        <ParameterTable trial={trial} best={best} names={names} />
      </section>
      {trial.attempts.length > 0 && <Attempts attempts={trial.attempts} />}
      <p class="trial-more">
        <a class="button button-link" href={hrefOf({ page: 'trial', study: study.id, trial: trial.id })}>
          All of trial {trial.id}: curves, attempts, output
        </a>
      </p>
    </aside>
  );
}
