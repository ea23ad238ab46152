// The study in five numbers.
import type { ComponentChildren } from 'preact';
import type { Study, Trial } from '../../api/types';
import { Elapsed } from '../../components/clock';
import { ProgressBar } from '../../components/progress_bar';
import { formatNumber, formatPercent, formatRough, humanize } from '../../format';
import { hrefOf } from '../../router';
import { progressOf, timeLeftMs } from '../../store/progress';
import { hasEnded } from '../../store/study_state';

function Tile({
  label,
  value,
  wide,
  children,
}: {
  label: string;
  value: ComponentChildren;
  wide?: boolean;
  children?: ComponentChildren;
}) {
  return (
    <div class={`tile ${wide ? 'tile-wide' : ''}`}>
      <dt>{label}</dt>
      <dd>
        <span class="tile-value">{value}</span>
        {children && <span class="tile-note">{children}</span>}
      </dd>
    </div>
  );
}

function BestNote({ study }: { study: Study }) {
  const { best, spec } = study;
  if (!best) return <>no trial is completed yet</>;
  const target = spec?.metric?.target;
  return (
    <>
      <a href={hrefOf({ page: 'study', study: study.id, trial: best.trial })}>trial {best.trial}</a>
      {typeof target === 'number' && ` · target ${formatNumber(target)}`}
    </>
  );
}

export function Tiles({ study, trials }: { study: Study; trials: readonly Trial[] }) {
  const { done, budget, running, failed } = progressOf(study);
  const left = timeLeftMs(study, trials);
  const counts = study.trial_counts;
  const goal = study.spec?.metric?.goal === 'minimize' ? 'lowest' : 'highest';
  const endings = [
    [counts.COMPLETED, 'completed'],
    [counts.PRUNED, 'pruned'],
    [counts.INFEASIBLE, 'infeasible'],
    [counts.FAILED, 'failed'],
    [counts.CANCELLED, 'cancelled'],
  ] as const;
  const split = endings
    .filter(([n]) => n)
    .map(([n, word]) => `${n} ${word}`)
    .join(' · ');
  return (
    <dl class="tiles" aria-label="Summary">
      <Tile
        label={`${humanize(study.spec?.metric?.name ?? 'value')}, ${goal}`}
        value={<span class="best-value">{study.best ? formatNumber(study.best.value, { fixed: true }) : '–'}</span>}
      >
        <BestNote study={study} />
      </Tile>
      <Tile
        wide
        label="Trials done"
        value={
          <>
            {done}
            {budget !== null && <span class="of"> of {budget}</span>}
            {budget !== null && <span class="percent">{formatPercent(done, budget)}</span>}
          </>
        }
      >
        <ProgressBar study={study} />
        <span>{split || 'none has ended yet'}</span>
      </Tile>
      <Tile label="Running now" value={running}>
        {study.spec?.budget?.parallel ? `of ${study.spec.budget.parallel} side by side` : ''}
      </Tile>
      <Tile label="Failed" value={<span class={failed > 0 ? 'tone-bad' : ''}>{failed}</span>}>
        {failed > 0 ? 'reasons in the trials' : 'none'}
      </Tile>
      <Tile label="Time" value={<Elapsed study={study} />}>
        {left !== null ? `about ${formatRough(left)} left` : hasEnded(study) ? 'in all' : 'since it was started'}
      </Tile>
    </dl>
  );
}
