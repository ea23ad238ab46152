// Values for tests: complete, with only what matters to the test given.
import type { Study, Trial, TrialState } from '../../../web/src/api/types';

export function study(changes: Partial<Study> = {}): Study {
  return {
    id: 'k3fabc',
    name: 'digits',
    state: 'ACTIVE',
    state_reason: '',
    spec: { metric: { name: 'accuracy', goal: 'maximize' }, parameters: {}, budget: { max_trials: 10, parallel: 2 } },
    best: null,
    trial_counts: {},
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
