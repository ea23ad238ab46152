import { useCallback, useState } from 'preact/hooks';
import { getCurves } from '../../api/client';
import type { Study } from '../../api/types';
import { canCurvesBeLogarithmic, curvesOption, describeCurves, limitWords } from '../../charts/curves';
import { Behind } from '../../components/behind';
import { Chart } from '../../components/chart';
import { LogToggle } from '../../components/log_toggle';
import { Alert } from '../../components/notices';
import { NameSelect } from '../../components/name_select';
import { formatNumber, humanize } from '../../format';
import { hrefOf, navigate } from '../../router';
import { goalOf } from '../../store/study_state';
import { useAnswer } from '../../store/use_answer';
import { useThrottled } from '../../store/use_throttled';
import type { Palette } from '../../theme';

const againMs = 2000;

export function CurvesPanel({ study }: { study: Study }) {
  const [metric, setMetric] = useState(study.spec?.objectives?.[0]?.name ?? study.spec?.metric?.name ?? 'value');
  const [log, setLog] = useState(false);
  const counts = useThrottled(JSON.stringify(study.trial_counts), againMs);
  const key = `${metric}/${counts}`;
  const { value: all, error, loading } = useAnswer(key, (abort) => getCurves(study.id, metric, abort));
  const objective = study.spec?.objectives?.find(({ name }) => name === metric);
  const goal = objective?.goal ?? (metric === study.spec?.metric?.name ? goalOf(study) : 'minimize');
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
          <NameSelect
            label="Metric of the curves"
            names={all.metrics}
            value={metric}
            spoken
            shown={humanize}
            onChange={setMetric}
          />
        )}
        <span class="muted">
          the latest 100 trials; a triangle: stopped early
          {all?.limits && `; dashed: ${limitWords(all.limits)}`}
        </span>
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
            heads={['Trial', 'state', `last ${all.axis}`, metric, 'reason']}
            rows={all.curves.map(({ trial, state, reason, points }) => [
              <a href={hrefOf({ page: 'study', study: study.id, trial })}>{trial}</a>,
              humanize(state),
              points.at(-1)?.[0],
              formatNumber(points.at(-1)?.[1] ?? NaN),
              reason,
            ])}
          />
          {all.limits && (
            <Behind
              label="What early stopping holds trials against"
              heads={['Bracket', all.axis, `${metric} at the worst`]}
              rows={all.limits.lines.flatMap(({ bracket, points }) =>
                points.map(([step, value]) => [bracket + 1, step, formatNumber(value, { fixed: true })]),
              )}
            />
          )}
        </>
      )}
    </section>
  );
}
