import assert from 'node:assert/strict';
import { test } from 'node:test';
import { doingNow } from '../../../web/src/store/doing';
import { elapsedMs, progressOf } from '../../../web/src/store/progress';
import { parseDuration, timeLeft } from '../../../web/src/store/time_left';
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

test('an ended study has taken the time until its end', () => {
  const now = Date.parse('2026-01-31T14:00:00.000Z');
  assert.equal(elapsedMs(study(), now), 7_200_000);
  assert.equal(elapsedMs(study({ state: 'COMPLETED', ended_at: '2026-01-31T12:00:05.000Z' }), now), 5_000);
  assert.equal(elapsedMs(study({ created_at: '2026-01-31T15:00:00.000Z' }), now), 0);
});

const now = Date.parse('2026-01-31T13:00:00.000Z');
const trials = [1, 2, 3, 4].map((id) => trial(id, 'COMPLETED', 1)); // 10 s each
const here = { train: {}, budget: { max_trials: 10, parallel: 2 } };

test('the time left is what the last trials took, over those that run side by side', () => {
  const running = study({ spec: here, trial_counts: { COMPLETED: 4 } });
  assert.deepEqual(timeLeft(running, trials, now), { ms: 30_000, limit: 'trials' });
  assert.equal(timeLeft(study({ ...running, state: 'PAUSED' }), trials, now), null);
  const outside = study({ spec: { budget: here.budget }, trial_counts: { COMPLETED: 4, RUNNING: 3 } });
  assert.deepEqual(timeLeft(outside, trials, now), { ms: 20_000, limit: 'trials' }, 'three workers are at it');
});

test('a trial that waited for its first attempt took no longer for it', () => {
  const late = [{ id: 1, state: 'SUCCEEDED' as const, started_at: '2026-01-31T12:00:08.000Z' }];
  const waited = trials.map((one) => ({ ...one, attempts: late }));
  const left = timeLeft(study({ spec: here, trial_counts: { COMPLETED: 4 } }), waited, now);
  assert.deepEqual(left, { ms: 6_000, limit: 'trials' });
});

test('what cannot be known is said, with the reason', () => {
  const why = (changes: Parameters<typeof study>[0], of = trials) => {
    const left = timeLeft(study(changes), of, now);
    return left?.ms === null ? left.why : left;
  };
  assert.equal(why({ spec: { train: {} } }), 'it has no budget of trials or time');
  assert.equal(why({ spec: here, trial_counts: { COMPLETED: 1 } }, trials.slice(0, 1)), 'too few trials have ended');
  assert.equal(why({ trial_counts: { COMPLETED: 4 } }), 'no worker has a trial');
  const timed = { train: {}, budget: { max_time: '1h' } };
  assert.equal(why({ spec: timed }), 'how long it was active is not known');
});

test('of two budgets the one counts that is used up first', () => {
  const both = (max_time: string, active_ms: number) =>
    timeLeft(
      study({
        spec: { ...here, budget: { ...here.budget, max_time } },
        trial_counts: { COMPLETED: 4 },
        active_ms,
        read_at: now - 5_000,
      }),
      trials,
      now,
    );
  assert.deepEqual(both('1m', 40_000), { ms: 15_000, limit: 'time' });
  assert.deepEqual(both('10m', 40_000), { ms: 30_000, limit: 'trials' });
  assert.deepEqual(both('1m', 90_000), { ms: 0, limit: 'time' });
});

test('durations are read as the study file has them', () => {
  const read = ['30m', '1h30m', '45', '500ms', '2d', '1.5s', '', 'soon', '3x', '-1s'].map(parseDuration);
  assert.deepEqual(read, [1_800_000, 5_400_000, 45_000, 500, 172_800_000, 1500, null, null, null, null]);
});

test('what a study does now, and why', () => {
  const says = (changes: Parameters<typeof study>[0]) => doingNow(study(changes));
  assert.equal(says({ trial_counts: { COMPLETED: 4, RUNNING: 2 } }), '2 trials run, 4 more may begin.');
  assert.equal(says({ trial_counts: { COMPLETED: 9, RUNNING: 1 } }), '1 trial runs, the last of the budget.');
  assert.equal(says({ spec: {}, trial_counts: { RUNNING: 1 } }), '1 trial runs.');
  assert.equal(says({}), 'Waiting for workers to ask for trials.');
  assert.equal(says({ spec: here }), 'Choosing the next point.');
  assert.equal(says({ trial_counts: { WAITING: 2 } }), '2 trials wait for a worker.');
  assert.equal(says({ spec: here, trial_counts: { WAITING: 1 } }), '1 trial waits to be run.');
  assert.equal(
    says({ state: 'PAUSED', state_reason: 'user', trial_counts: { RUNNING: 1 } }),
    'Paused, asked for by a user: no new trial begins; 1 trial still runs.',
  );
  assert.equal(
    says({ state: 'STOPPING', state_reason: 'target_reached', trial_counts: { STOPPING: 2 } }),
    'Ending, the target is reached; 2 trials still run.',
  );
  assert.equal(says({ state: 'COMPLETED', state_reason: 'max_trials' }), '');
});
