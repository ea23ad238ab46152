// Values for tests: complete, with only what matters to the test given.
import type { Goal, History, Study, Trial, TrialState } from '../../../web/src/api/types';
import { withEnded } from '../../../web/src/store/history_state';

export function study(changes: Partial<Study> = {}): Study {
  return {
    id: 'k3fabc',
    name: 'digits',
    state: 'ACTIVE',
    state_reason: '',
    spec: { metric: { name: 'accuracy', goal: 'maximize' }, parameters: {}, budget: { max_trials: 10, parallel: 2 } },
    best: null,
    trial_counts: {},
    improvements: [],
    seq: 1,
    created_at: '2026-01-31T12:00:00.000Z',
    ended_at: null,
    ...changes,
  };
}

export function trial(id: number, state: TrialState, value: number | null = null, changes: Partial<Trial> = {}): Trial {
  const ended = ['COMPLETED', 'PRUNED', 'FAILED', 'INFEASIBLE', 'CANCELLED'].includes(state);
  return {
    id,
    state,
    reason: '',
    params: {},
    value,
    attempts: [],
    created_at: '2026-01-31T12:00:00.000Z',
    ended_at: ended ? '2026-01-31T12:00:10.000Z' : null,
    ...changes,
  };
}

export function history(trials: readonly Trial[] = [], goal: Goal = 'maximize', objective = 'accuracy'): History {
  const none = { improvements: [], completed: [], pruned: [], lost: [] };
  return withEnded({ seq: 0, objective, goal, trials: 0, ...none }, trials);
}
