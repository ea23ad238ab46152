// The trials that stand for all in the charts of many.
import * as api from '../api/client';
import type { Params, Sample, Study, Trial, TrialState } from '../api/types';
import { isDone } from './study_state';
import { useAnswer } from './use_answer';
import { useThrottled } from './use_throttled';

export interface Sampled {
  id: number;
  state: TrialState;
  feasible: boolean;
  params: Params;
  value: number; // of the objective that was asked for
  values: Record<string, number | null>; // of every objective
}

export function rowsOf(sample: Sample): Sampled[] {
  const params = Object.entries(sample.params);
  const values = Object.entries(sample.values);
  return sample.trials.map((id, row) => {
    const own: Params = {};
    for (const [name, column] of params) if (column[row] !== null) own[name] = column[row] ?? null;
    return {
      id,
      state: sample.states[row] as TrialState,
      feasible: sample.feasible[row] ?? true,
      params: own,
      value: sample.values[sample.objective]?.[row] ?? NaN,
      values: Object.fromEntries(values.map(([name, column]) => [name, column[row] ?? null])),
    };
  });
}

const againMs = 2000;

export interface SampleQuery {
  top: number; // per cent
  limit: number;
  objective: string; // empty: the first
}

// Asked again while trials end, not more often than every two seconds.
export function useSample(study: Study, { top, limit, objective }: SampleQuery) {
  const ended = Object.entries(study.trial_counts)
    .filter(([state]) => isDone(state as TrialState))
    .reduce((sum, [, count]) => sum + count, 0);
  const settled = useThrottled(ended, againMs);
  const key = JSON.stringify([study.id, top, limit, objective, settled]);
  const answer = useAnswer(key, (abort) => api.getSample(study.id, { top, limit, objective }, abort));
  return { sample: answer.value, error: answer.error, loading: answer.loading };
}

// The trials that are known, and those that stand for the others.
export function withSampled(known: readonly Trial[], sample: Sample): Trial[] {
  const ids = new Set(known.map(({ id }) => id));
  const others = rowsOf(sample)
    .filter(({ id }) => !ids.has(id))
    .map(({ id, state, params, value, values }): Trial => ({
      id,
      state,
      params,
      value: Number.isFinite(value) ? value : null,
      ...(Object.keys(values).length > 1 && { values: values as Record<string, number> }),
      reason: '',
      attempts: [],
      created_at: '',
      ended_at: null,
    }));
  return [...others, ...known].sort((a, b) => a.id - b.id);
}
