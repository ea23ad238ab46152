import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Objective, Trial } from '../../../web/src/api/types';
import { alongObjective, boundsOf, constraintsMet, keepsModel, paretoSet } from '../../../web/src/store/objectives';
import { bestTrial } from '../../../web/src/store/study_state';
import { history, study, trial } from './values';

const objectives: Objective[] = [
  { name: 'accuracy', goal: 'maximize' },
  { name: 'latency', goal: 'minimize' },
];
const both = (id: number, accuracy: number, latency: number, more: Partial<Trial> = {}): Trial =>
  trial(id, 'COMPLETED', null, { values: { accuracy, latency }, ...more });
const memory = (feasible: boolean) => ({ constraints: { memory: { value: 480, feasible } } });

test('beaten is who is better in nothing and worse in something; equal ones stay', () => {
  const trials = [
    both(1, 0.9, 10),
    both(2, 0.8, 5),
    both(3, 0.8, 9), // beaten by 1 and by 2
    both(4, 0.9, 10), // the same as 1
    both(5, 0.95, 12),
    both(6, 0.99, 1, memory(false)),
    both(7, NaN, 0),
    trial(8, 'RUNNING'),
    trial(9, 'FAILED'),
  ];
  assert.deepEqual(
    paretoSet(objectives, trials).map(({ id }) => id),
    [1, 2, 4, 5],
  );
  assert.deepEqual(paretoSet(objectives, []), []);
});

test('one objective of several is seen as if it were alone', () => {
  const trials = [both(1, 0.9, 10), both(2, 0.8, 5), trial(3, 'FAILED')];
  const seen = alongObjective(trials, objectives[1]);
  assert.deepEqual(
    seen.map(({ value }) => value),
    [10, 5, null],
  );
  assert.equal(bestTrial(seen, 'minimize')?.id, 2);
  assert.equal(alongObjective(trials, undefined), trials);
});

test('what breaks a constraint is not the best, and no step of the best so far', () => {
  const trials = [
    trial(1, 'COMPLETED', 0.5, memory(true)),
    trial(2, 'COMPLETED', 0.9, memory(false)),
    trial(3, 'COMPLETED', 0.6, memory(true)),
  ];
  assert.equal(bestTrial(trials, 'maximize')?.id, 3);
  assert.deepEqual(history(trials).improvements, [
    [1, 0.5],
    [3, 0.6],
  ]);
});

test('how many trials meet a constraint, of those that say', () => {
  const constraint = { name: 'memory', max: 500 };
  const trials = [trial(1, 'COMPLETED', 1, memory(true)), trial(2, 'COMPLETED', 1, memory(false)), trial(3, 'FAILED')];
  assert.deepEqual(constraintsMet(study({ spec: { constraints: [constraint] } }), trials), [
    { constraint, met: 1, measured: 2 },
  ]);
  assert.deepEqual(constraintsMet(study(), trials), []);
  assert.equal(boundsOf({ name: 'x', min: 1, max: 2 }), '≥ 1 and ≤ 2');
});

test('the model is kept of the best few that meet the constraints, or of what no other trial beats', () => {
  const kept = (keep_models: number, trials: Trial[], more = {}) =>
    trials.filter((one) => keepsModel(study({ spec: { keep_models, ...more } }), trials, one)).map(({ id }) => id);
  const maximize = { metric: { name: 'accuracy', goal: 'maximize' as const } };
  const trials = [
    trial(1, 'COMPLETED', 0.5),
    trial(2, 'COMPLETED', 0.9, memory(false)),
    trial(3, 'COMPLETED', 0.7),
    trial(4, 'COMPLETED', 0.7),
    trial(5, 'PRUNED', 0.99),
    trial(6, 'COMPLETED', 0.6, { files_removed_at: '2026-01-31T12:00:00.000Z' }),
  ];
  assert.deepEqual(kept(1, trials, maximize), [3], 'of equal ones the first');
  assert.deepEqual(kept(2, trials, maximize), [3, 4]);
  assert.deepEqual(kept(0, trials, maximize), []);
  assert.deepEqual(kept(9, trials, maximize), [1, 3, 4]);
  assert.deepEqual(kept(1, [both(1, 0.9, 10), both(2, 0.8, 5), both(3, 0.8, 9)], { objectives }), [1, 2]);
});
