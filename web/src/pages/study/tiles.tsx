// The study in five numbers.
import type { ComponentChildren } from 'preact';
import type { Study, Trial } from '../../api/types';
import { Elapsed, useNow } from '../../components/clock';
import { ProgressBar } from '../../components/progress_bar';
import { formatNumber, formatPercent, formatRough, humanize } from '../../format';
import { hrefOf } from '../../router';
import { severalObjectives } from '../../store/objectives';
import { progressOf } from '../../store/progress';
import { hasEnded } from '../../store/study_state';
import { timeLeft } from '../../store/time_left';
import { BudgetField } from './budget_field';

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

const leftEveryMs = 5000;

function TimeLeft({ study, trials }: { study: Study; trials: readonly Trial[] }) {
  const now = useNow(leftEveryMs, study.state === 'ACTIVE');
  const left = timeLeft(study, trials, now);
  if (left === null) return <>{hasEnded(study) ? 'in all' : 'since it was started'}</>;
  if (left.ms === null) return <>time left unknown: {left.why}</>;
  return <>{left.limit === 'time' ? `at most ${formatRough(left.ms)} left` : `about ${formatRough(left.ms)} left`}</>;
}

// The best value; of several objectives there is no single one.
function BestTile({ study }: { study: Study }) {
  const objectives = severalObjectives(study.spec);
  if (objectives.length > 0) {
    return (
      <Tile label="Objectives" value={objectives.length}>
        {objectives.map(({ name, goal }) => `${name}, ${goal === 'minimize' ? 'lowest' : 'highest'}`).join(' · ')}
      </Tile>
    );
  }
  const goal = study.spec?.metric?.goal === 'minimize' ? 'lowest' : 'highest';
  return (
    <Tile
      label={`${humanize(study.spec?.metric?.name ?? 'value')}, ${goal}`}
      value={<span class="best-value">{study.best ? formatNumber(study.best.value, { fixed: true }) : '–'}</span>}
    >
      <BestNote study={study} />
    </Tile>
  );
}

export function Tiles({ study, trials }: { study: Study; trials: readonly Trial[] }) {
  const { done, budget, running, failed } = progressOf(study);
  const counts = study.trial_counts;
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
      <BestTile study={study} />
      <Tile
        wide
        label="Trials done"
        value={
          <>
            {done}
            <BudgetField study={study} limit="max_trials" />
            {budget !== null && <span class="percent">{formatPercent(done, budget)}</span>}
          </>
        }
      >
        <ProgressBar study={study} />
        <span>{split || 'none has ended yet'}</span>
      </Tile>
      <Tile
        label="Running now"
        value={
          <>
            {running}
            <BudgetField study={study} limit="parallel" />
          </>
        }
      >
        side by side
      </Tile>
      <Tile label="Failed" value={<span class={failed > 0 ? 'tone-bad' : ''}>{failed}</span>}>
        {failed > 0 ? 'reasons in the trials' : 'none'}
      </Tile>
      <Tile
        label="Time"
        value={
          <>
            <Elapsed study={study} />
            <BudgetField study={study} limit="max_time" />
          </>
        }
      >
        <TimeLeft study={study} trials={trials} />
      </Tile>
    </dl>
  );
}
