import { useCallback, useState } from 'preact/hooks';
import { getCurves } from '../../api/client';
import type { Study, Trial } from '../../api/types';
import { canCurvesBeLogarithmic, curvesOption, describeCurves } from '../../charts/curves';
import { Behind } from '../../components/behind';
import { Chart } from '../../components/chart';
import { LogToggle } from '../../components/log_toggle';
import { Alert } from '../../components/notices';
import { formatNumber, humanize } from '../../format';
import { hrefOf, navigate } from '../../router';
import { goalOf, isDone } from '../../store/study_state';
import { useAnswer } from '../../store/use_answer';
import type { Palette } from '../../theme';

export function CurvesPanel({ study, trials }: { study: Study; trials: readonly Trial[] }) {
  const [metric, setMetric] = useState(study.spec?.metric?.name ?? 'value');
  const [log, setLog] = useState(false);
  const key = `${metric}/${trials.filter((trial) => isDone(trial.state)).length}`;
  const { value: all, error, loading } = useAnswer(key, (abort) => getCurves(study.id, metric, abort));
  const goal = metric === study.spec?.metric?.name ? goalOf(study) : 'minimize';
  const logAllowed = all !== null && canCurvesBeLogarithmic(all);
  const option = useCallback(
    (palette: Palette) => (all ? curvesOption(all, goal, log && logAllowed, palette) : {}),
    [all, goal, log, logAllowed],
  );
  const open = (data: unknown) => {
    const trial = typeof data === 'string' ? Number(data) : (data as { trial?: number }).trial;
    if (trial) navigate(hrefOf({ page: 'study', study: study.id, trial }));
  };
  if (all !== null && all.metrics.length === 0) return null; // nobody reports steps here
  return (
    <section class="panel" aria-labelledby="curves-title" aria-busy={loading}>
      <header class="panel-head">
        <h2 id="curves-title">On the way</h2>
        {all !== null && (
          <label class="select-label">
            <span class="sr-only">Metric of the curves</span>
            <select value={metric} onChange={(event) => setMetric(event.currentTarget.value)}>
              {all.metrics.map((name) => (
                <option key={name} value={name}>
                  {humanize(name)}
                </option>
              ))}
            </select>
          </label>
        )}
        <span class="muted">the latest 100 trials; a triangle: stopped early</span>
        <LogToggle on={log && logAllowed} disabled={!logAllowed} onChange={setLog} />
      </header>
      {error && <Alert>{error.message}</Alert>}
      {all === null ? (
        <div class="chart chart-large" aria-busy="true" />
      ) : (
        <>
          <Chart size="large" label={describeCurves(all)} option={option} onPoint={open} />
          <Behind
            label="The end of each curve"
            heads={['Trial', 'state', 'last step', metric, 'reason']}
            rows={all.curves.map(({ trial, state, reason, points }) => [
              <a href={hrefOf({ page: 'study', study: study.id, trial })}>{trial}</a>,
              humanize(state),
              points.at(-1)?.[0],
              formatNumber(points.at(-1)?.[1] ?? NaN),
              reason,
            ])}
          />
        </>
      )}
    </section>
  );
}
