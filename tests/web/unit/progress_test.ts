import assert from 'node:assert/strict';
import { test } from 'node:test';
import { elapsedMs, progressOf, timeLeftMs } from '../../../web/src/store/progress';
import { study, trial } from './values';

test('cancelled trials give their budget back', () => {
  const counts = {
    COMPLETED: 3,
    PRUNED: 1,
    FAILED: 2,
    INFEASIBLE: 1,
    CANCELLED: 5,
    RUNNING: 2,
    STOPPING: 1,
    WAITING: 4,
  };
  assert.deepEqual(progressOf(study({ trial_counts: counts })), { done: 7, budget: 10, running: 3, failed: 2 });
  assert.equal(progressOf(study({ spec: {} })).budget, null);
});

test('the time left is what the last trials took, over those that run side by side', () => {
  const trials = [1, 2, 3, 4].map((id) => trial(id, 'COMPLETED', 1)); // 10 s each
  const running = study({ trial_counts: { COMPLETED: 4 } });
  assert.equal(timeLeftMs(running, trials), 30_000);
  assert.equal(timeLeftMs(running, trials.slice(0, 1)), null);
  assert.equal(timeLeftMs(study({ ...running, state: 'PAUSED' }), trials), null);
  assert.equal(timeLeftMs(study({ trial_counts: { COMPLETED: 10 } }), trials), null);
  assert.equal(timeLeftMs(study({ spec: {} }), trials), null);
});

test('an ended study has taken the time until its end', () => {
  const now = Date.parse('2026-01-31T14:00:00.000Z');
  assert.equal(elapsedMs(study(), now), 7_200_000);
  assert.equal(elapsedMs(study({ state: 'COMPLETED', ended_at: '2026-01-31T12:00:05.000Z' }), now), 5_000);
  assert.equal(elapsedMs(study({ created_at: '2026-01-31T15:00:00.000Z' }), now), 0);
});
