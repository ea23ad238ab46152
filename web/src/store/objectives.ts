// Studies of several objectives, and outcome constraints: what a trial reached of each, and what no trial beats.
import type { Constraint, Objective, Spec, Study, Trial } from '../api/types';
import { isBetter } from './study_state';

export const severalObjectives = (spec: Spec | undefined): readonly Objective[] => spec?.objectives ?? [];

export const boundsOf = ({ min, max }: Constraint): string =>
  [min === undefined ? '' : `≥ ${min}`, max === undefined ? '' : `≤ ${max}`].filter(Boolean).join(' and ');

// Of trials that no other beats, the best of each objective: it is always among them. Null: there is none.
export function bestOf({ name, goal }: Objective, front: readonly Trial[]): Trial | null {
  return front.reduce<Trial | null>((best, trial) => {
    const [value, least] = [trial.values?.[name], best?.values?.[name]];
    if (value === undefined) return best;
    return least === undefined || isBetter(value, least, goal) ? trial : best;
  }, null);
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
