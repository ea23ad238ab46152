// How far a study is, for the tiles of its page and its row in the list.
import type { Study, TrialState } from '../api/types';
import { hasEnded } from './study_state';

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

export function elapsedMs(study: Study, now: number): number {
  const end = hasEnded(study) && study.ended_at ? Date.parse(study.ended_at) : now;
  return Math.max(0, end - Date.parse(study.created_at));
}

// Whether this service runs the trials; else workers outside do.
export const runsHere = (study: Study): boolean => study.spec?.train !== undefined || study.spec?.command !== undefined;
