// Studies of several objectives, and outcome constraints: what a trial reached of each, and what no trial beats.
import type { Constraint, Objective, Spec, Study, Trial } from '../api/types';
import { isBetter, isFeasible } from './study_state';

export const severalObjectives = (spec: Spec | undefined): readonly Objective[] => spec?.objectives ?? [];

export const boundsOf = ({ min, max }: Constraint): string =>
  [min === undefined ? '' : `≥ ${min}`, max === undefined ? '' : `≤ ${max}`].filter(Boolean).join(' and ');

const isMeasured = (trial: Trial, objectives: readonly Objective[]): boolean =>
  trial.state === 'COMPLETED' && objectives.every(({ name }) => Number.isFinite(trial.values?.[name]));

function dominates(a: Trial, b: Trial, objectives: readonly Objective[]): boolean {
  let better = false;
  for (const { name, goal } of objectives) {
    const [x, y] = [a.values?.[name] as number, b.values?.[name] as number];
    if (isBetter(y, x, goal)) return false;
    better ||= isBetter(x, y, goal);
  }
  return better;
}

// The completed trials that meet all constraints and that none of the others beats in every objective, by id.
export function paretoSet(objectives: readonly Objective[], trials: readonly Trial[]): Trial[] {
  let front: Trial[] = [];
  for (const trial of trials) {
    if (!isMeasured(trial, objectives) || !isFeasible(trial)) continue;
    if (front.some((other) => dominates(other, trial, objectives))) continue;
    front = front.filter((other) => !dominates(trial, other, objectives));
    front.push(trial);
  }
  return front;
}

// The trials as a study of that objective alone would have them; without one they are what they are.
export function alongObjective(trials: readonly Trial[], objective: Objective | undefined): readonly Trial[] {
  if (objective === undefined) return trials;
  return trials.map((trial) => ({ ...trial, value: trial.values?.[objective.name] ?? null }));
}

export interface Met {
  constraint: Constraint;
  met: number;
  measured: number; // trials that say its metric
}

export function constraintsMet(study: Study, trials: readonly Trial[]): Met[] {
  return (study.spec?.constraints ?? []).map((constraint) => {
    const said = trials.flatMap((trial) => trial.constraints?.[constraint.name] ?? []);
    return { constraint, met: said.filter(({ feasible }) => feasible).length, measured: said.length };
  });
}

// Whether the study keeps the trained model of the trial: of the best few, or of all that no other trial beats.
export function keepsModel({ spec }: Study, trials: readonly Trial[], trial: Trial): boolean {
  const kept = spec?.keep_models ?? 0;
  if (kept === 0 || trial.state !== 'COMPLETED' || trial.files_removed_at !== undefined || !isFeasible(trial))
    return false;
  const objectives = severalObjectives(spec);
  if (objectives.length > 0) return paretoSet(objectives, trials).some(({ id }) => id === trial.id);
  if (trial.value === null) return false;
  const goal = spec?.metric?.goal ?? 'minimize';
  const better = trials.filter(
    (other) =>
      other.state === 'COMPLETED' &&
      other.value !== null &&
      isFeasible(other) &&
      (isBetter(other.value, trial.value as number, goal) || (other.value === trial.value && other.id < trial.id)),
  );
  return better.length < kept;
}
