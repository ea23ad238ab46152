// How far a study is, for the tiles of its page and its row in the list.
import type { Study, Trial, TrialState } from '../api/types';
import { hasEnded, isDone } from './study_state';

export interface Progress {
  done: number; // trials that count against the budget
  budget: number | null; // max_trials; null: no limit in trials
  running: number;
  failed: number;
}

// Cancelled trials do not count: the budget is given back for them.
const budgeted: readonly TrialState[] = ['COMPLETED', 'PRUNED', 'INFEASIBLE', 'FAILED'];
const inFlight: readonly TrialState[] = ['RUNNING', 'STOPPING'];

export function progressOf(study: Study): Progress {
  const sum = (states: readonly TrialState[]): number =>
    states.reduce((total, state) => total + (study.trial_counts[state] ?? 0), 0);
  return {
    done: sum(budgeted),
    budget: study.spec?.budget?.max_trials ?? null,
    running: sum(inFlight),
    failed: study.trial_counts.FAILED ?? 0,
  };
}

const recentTrials = 20;

// Milliseconds until the budget of trials is used up, from the mean duration of the last trials and how many run side
// by side; null when it cannot be known.
export function timeLeftMs(study: Study, trials: readonly Trial[]): number | null {
  const { done, budget, running } = progressOf(study);
  if (budget === null || study.state !== 'ACTIVE' || done >= budget) return null;
  const durations = trials
    .filter((trial) => isDone(trial.state) && trial.state !== 'CANCELLED' && trial.ended_at !== null)
    .slice(-recentTrials)
    .map((trial) => Date.parse(trial.ended_at as string) - Date.parse(trial.created_at))
    .filter((duration) => duration >= 0);
  if (durations.length < 2) return null;
  const mean = durations.reduce((a, b) => a + b, 0) / durations.length;
  const parallel = Math.max(1, running, study.spec?.budget?.parallel ?? 1);
  return Math.ceil((budget - done) / parallel) * mean;
}

export function elapsedMs(study: Study, now: number): number {
  const end = hasEnded(study) && study.ended_at ? Date.parse(study.ended_at) : now;
  return Math.max(0, end - Date.parse(study.created_at));
}
