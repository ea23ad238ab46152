// One trial beside the study: its value, why it was tried, its parameters, its curve and its attempts.
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { Attempt, StepRecord, Study, Trial } from '../../api/types';
import { canCurveBeLogarithmic, curveOf, curveOption, describeCurve, metricNames } from '../../charts/curve';
import { Chart } from '../../components/chart';
import { type Column, DataTable } from '../../components/data_table';
import { LogToggle } from '../../components/log_toggle';
import { Alert, Empty } from '../../components/notices';
import { StateBadge } from '../../components/state_badge';
import { formatDuration, formatNumber, formatParam, humanize } from '../../format';
import { hrefOf } from '../../router';
import { isDone } from '../../store/study_state';
import type { StudyStore } from '../../store/study_store';
import type { Palette } from '../../theme';
import { columnWidth } from './trial_columns';
import { Why } from './why';

function ParameterTable({ trial, best, names }: { trial: Trial; best: Trial | null; names: readonly string[] }) {
  const compare = best !== null && best.id !== trial.id;
  return (
    <table class="params">
      <caption class="sr-only">Parameters of trial {trial.id}</caption>
      <thead class={compare ? '' : 'sr-only'}>
        <tr>
          <th scope="col">Parameter</th>
          <th scope="col">This trial</th>
          {compare && <th scope="col">Best, #{best.id}</th>}
        </tr>
      </thead>
      <tbody>
        {names.map((name) => (
          <tr key={name}>
            <th scope="row" title={name}>
              {name}
            </th>
            <td title={String(trial.params[name] ?? '')}>{formatParam(trial.params[name])}</td>
            {compare && (
              <td class="muted" title={String(best.params[name] ?? '')}>
                {formatParam(best.params[name])}
              </td>
            )}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

const stepOf = (record: StepRecord): number => record.step;

function recordColumns(names: readonly string[]): Column<StepRecord>[] {
  const metrics = names.map((name): Column<StepRecord> => ({
    key: `metric:${name}`,
    label: name,
    width: columnWidth(name, []),
    align: 'right',
    sortKey: (record) => record.metrics[name] ?? null,
    cell: (record) => {
      const value = record.metrics[name];
      return value === undefined ? '–' : formatNumber(value, { fixed: true });
    },
  }));
  return [{ key: 'step', label: 'step', width: 76, sticky: true, sortKey: stepOf, cell: stepOf }, ...metrics];
}

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
  const columns = useMemo(() => recordColumns(names), [names.join('\n')]);
  if (shown === undefined) {
    return <Empty title={ended ? 'This trial reported no steps.' : 'No step is reported yet.'} />;
  }
  return (
    <>
      <div class="toolbar">
        <label class="select-label">
          <span class="sr-only">Metric</span>
          <select value={shown} onChange={(event) => setChosen(event.currentTarget.value)}>
            {names.map((name) => (
              <option key={name} value={name}>
                {humanize(name)}
              </option>
            ))}
          </select>
        </label>
        <LogToggle on={log && logAllowed} disabled={!logAllowed} onChange={setLog} />
      </div>
      <Chart size="small" label={describeCurve(points, shown)} option={option} />
      <details class="behind">
        <summary>Show as a table</summary>
        <DataTable
          label="Records of the trial"
          columns={columns}
          rows={records}
          keyOf={stepOf}
          initialSort={{ column: 'step', descending: false }}
          height={300}
        />
      </details>
    </>
  );
}

// The value; of a trial that still runs, the last one it reported.
function Value({ trial, records, metric }: { trial: Trial; records: readonly StepRecord[]; metric: string }) {
  const last = records.at(-1);
  const live = last?.metrics[metric];
  const soFar = trial.value === null && last !== undefined && live !== undefined;
  return (
    <p class="trial-value">
      <span class="muted">
        {humanize(metric)}
        {soFar && `, so far, at step ${last.step}`}
      </span>
      {soFar ? (
        <strong class="live-value">{formatNumber(live, { fixed: true })}</strong>
      ) : (
        <strong>{trial.value === null ? '–' : formatNumber(trial.value, { fixed: true })}</strong>
      )}
    </p>
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

function Suggested({ trial }: { trial: Trial }) {
  const suggestion = trial.suggestion;
  if (!suggestion) return null;
  const { method, mean, sd } = suggestion;
  return (
    <p class="suggested">
      Chosen by <strong>{method}</strong>
      {mean !== undefined && sd !== undefined && (
        <>
          , which expected {formatNumber(mean)} ± {formatNumber(sd)}
        </>
      )}
    </p>
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
  const [loaded, setLoaded] = useState<number | null>(null);
  const [error, setError] = useState('');
  const panel = useRef<HTMLElement>(null);
  useEffect(() => {
    let open = true; // an answer that comes late belongs to a trial that is shown no more
    setError('');
    store.openCurve(trial.id).then(
      () => open && setLoaded(trial.id),
      (reason: unknown) => open && setError(reason instanceof Error ? reason.message : String(reason)),
    );
    return () => {
      open = false;
      store.closeCurve(trial.id);
    };
  }, [store, trial.id]);
  useEffect(() => {
    // Below the other columns the panel may be out of sight when a trial is chosen in the table.
    if (chosen && matchMedia('(max-width: 1080px)').matches) panel.current?.scrollIntoView({ block: 'start' });
  }, [chosen, trial.id]);
  const metric = study.spec?.metric?.name ?? 'value';
  const records = store.data.value?.curves.get(trial.id) ?? [];
  const waiting = loaded !== trial.id && records.length === 0;
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
      <Value trial={trial} records={records} metric={metric} />
      <Suggested trial={trial} />
      <Why study={study} trial={trial} />
      {trial.reason && <p class="trial-reason">{trial.reason}</p>}
      <section aria-label="Curve">
        {error && <Alert>{error}</Alert>}
        {!error && waiting && <div class="chart chart-small" aria-busy="true" />}
        {!error && !waiting && <Curve records={records} metric={metric} ended={isDone(trial.state)} />}
      </section>
      <section aria-label="Parameters">
        <h3>Parameters</h3>
        <ParameterTable trial={trial} best={best} names={names} />
      </section>
      {trial.attempts.length > 0 && <Attempts attempts={trial.attempts} />}
    </aside>
  );
}
