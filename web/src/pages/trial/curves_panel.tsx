// Every metric that a trial has reported, a chart each.
import { useMemo, useState } from 'preact/hooks';
import type { StepRecord, Study, Trial } from '../../api/types';
import { canCurveBeLogarithmic, curveOf, curveOption, describeCurve, metricNames } from '../../charts/curve';
import { Chart } from '../../components/chart';
import { LogToggle } from '../../components/log_toggle';
import { Alert, Empty } from '../../components/notices';
import { formatNumber, humanize } from '../../format';
import { isDone } from '../../store/study_state';
import type { Palette } from '../../theme';
import { RecordsTable } from './parts';

function MetricChart({ records, metric }: { records: readonly StepRecord[]; metric: string }) {
  const [log, setLog] = useState(false);
  const points = useMemo(() => curveOf(records, metric), [records, metric]);
  const missing = useMemo(
    () => records.filter(({ metrics }) => metric in metrics && !Number.isFinite(metrics[metric])).length,
    [records, metric],
  );
  const logAllowed = canCurveBeLogarithmic(points);
  const option = useMemo(
    () => (palette: Palette) => curveOption(points, metric, log && logAllowed, palette),
    [points, metric, log, logAllowed],
  );
  return (
    <div class="metric">
      <div class="toolbar">
        <h3 title={metric}>{humanize(metric)}</h3>
        {missing > 0 && <span class="muted">{missing} not finite</span>}
        <LogToggle on={log && logAllowed} disabled={!logAllowed} onChange={setLog} />
      </div>
      <Chart size="small" label={describeCurve(points, metric)} option={option} />
    </div>
  );
}

// What was told once, as a training does of its sums at the end, is no curve.
function toldOnce(records: readonly StepRecord[], metric: string): boolean {
  return records.length > 1 && records.filter(({ metrics }) => metric in metrics).length === 1;
}

function Facts({ records, names }: { records: readonly StepRecord[]; names: readonly string[] }) {
  if (names.length === 0) return null;
  return (
    <dl class="facts facts-once">
      {names.map((name) => {
        const record = records.find(({ metrics }) => name in metrics);
        return [
          <dt key={`${name}-name`} title={name}>
            {humanize(name)} <span class="muted">at step {record?.step}</span>
          </dt>,
          <dd key={name}>{formatNumber(record?.metrics[name] ?? NaN)}</dd>,
        ];
      })}
    </dl>
  );
}

interface Props {
  study: Study;
  trial: Trial;
  records: readonly StepRecord[];
  loading: boolean;
  error: string;
}

export function CurvesPanel({ study, trial, records, loading, error }: Props) {
  const names = useMemo(() => metricNames(records, study.spec?.metric?.name ?? ''), [records, study.spec]);
  const once = useMemo(() => names.filter((name) => toldOnce(records, name)), [names, records]);
  return (
    <section class="panel" aria-labelledby="curves-title" aria-busy={loading}>
      <header class="panel-head">
        <h2 id="curves-title">Curves</h2>
      </header>
      {error && <Alert>{error}</Alert>}
      {names.length === 0 && !loading && !error && (
        <Empty title={isDone(trial.state) ? 'This trial reported no steps.' : 'No step is reported yet.'} />
      )}
      <div class="metrics">
        {names
          .filter((name) => !once.includes(name))
          .map((metric) => (
            <MetricChart key={metric} records={records} metric={metric} />
          ))}
      </div>
      <Facts records={records} names={once} />
      {names.length > 0 && (
        <details class="behind">
          <summary>Show as a table</summary>
          <RecordsTable records={records} names={names} />
        </details>
      )}
    </section>
  );
}
