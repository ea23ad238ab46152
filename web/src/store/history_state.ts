// The values of all trials of a study, as the server thinned them out, and how further trials change them.
import type { Goal, History, Trial } from '../api/types';
import { isBetter, isDone, isFeasible } from './study_state';

type Point = [trial: number, value: number];

// Of the objective that the history is of; null: none that can be drawn.
function valueOf(trial: Trial, objective: string): number | null {
  const value = trial.values ? (trial.values[objective] ?? null) : trial.value;
  return value !== null && Number.isFinite(value) ? value : null;
}

// Trials may end in another order than they began.
function withStep(steps: Point[], point: Point, goal: Goal): Point[] {
  const before = steps.filter(([trial]) => trial < point[0]);
  const last = before.at(-1);
  if (last && !isBetter(point[1], last[1], goal)) return steps;
  return [...before, point, ...steps.filter(([trial, value]) => trial > point[0] && isBetter(value, point[1], goal))];
}

// `trials`: none that is in it already.
export function withEnded(history: History, trials: readonly Trial[]): History {
  if (trials.length === 0) return history;
  const next: History = {
    ...history,
    trials: trials.reduce((most, { id }) => Math.max(most, id), history.trials),
    completed: [...history.completed],
    pruned: [...history.pruned],
    lost: [...history.lost],
  };
  for (const trial of trials) {
    if (!isDone(trial.state) || trial.state === 'CANCELLED') continue;
    const value = valueOf(trial, history.objective);
    if (value !== null && trial.state === 'COMPLETED') {
      next.completed.push([trial.id, value]);
      if (isFeasible(trial)) next.improvements = withStep(next.improvements, [trial.id, value], history.goal);
    } else if (value !== null && trial.state === 'PRUNED') {
      next.pruned.push([trial.id, value]);
    } else {
      next.lost.push(trial.id);
    }
  }
  return next;
}
