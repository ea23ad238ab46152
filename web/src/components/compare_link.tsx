import { hrefOf } from '../router';

export const mostTrialsCompared = 8;

// Offered where few trials are left of many.
export function CompareTrials({ study, trials }: { study: string; trials: readonly number[] }) {
  if (trials.length < 2 || trials.length > mostTrialsCompared) return null;
  return (
    <a class="button button-link" href={hrefOf({ page: 'compare_trials', study, trials })}>
      Compare these {trials.length}
    </a>
  );
}
