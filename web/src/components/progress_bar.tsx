import type { Study } from '../api/types';
import { progressOf } from '../store/progress';

// Done trials of the budget, split by how they ended; without a budget only the split.
export function ProgressBar({ study }: { study: Study }) {
  const { done, budget, running } = progressOf(study);
  const counts = study.trial_counts;
  const whole = Math.max(1, budget ?? 0, done + running);
  const parts = [
    ['good', counts.COMPLETED ?? 0],
    ['warn', (counts.PRUNED ?? 0) + (counts.INFEASIBLE ?? 0)],
    ['bad', counts.FAILED ?? 0],
    ['live', running],
  ] as const;
  return (
    <div
      class="progress"
      role="progressbar"
      aria-label="Trials done"
      aria-valuemin={0}
      aria-valuemax={budget ?? whole}
      aria-valuenow={done}
      aria-valuetext={budget === null ? `${done} trials done` : `${done} of ${budget} trials done`}
    >
      {parts.map(([tone, count]) => (
        <span key={tone} class={`progress-part fill-${tone}`} style={{ width: `${(100 * count) / whole}%` }} />
      ))}
    </div>
  );
}
