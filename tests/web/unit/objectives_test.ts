import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Objective } from '../../../web/src/api/types';
import { bestOf, boundsOf, constraintsMet } from '../../../web/src/store/objectives';
import { study, trial } from './values';

const accuracy: Objective = { name: 'accuracy', goal: 'maximize' };
const latency: Objective = { name: 'latency', goal: 'minimize' };
const memory = (feasible: boolean) => ({ constraints: { memory: { value: 480, feasible } } });

test('the best of each objective is among the trials that no other beats', () => {
  const front = [
    trial(1, 'COMPLETED', null, { values: { accuracy: 0.9, latency: 10 } }),
    trial(2, 'COMPLETED', null, { values: { accuracy: 0.8, latency: 5 } }),
    trial(3, 'COMPLETED', null, { values: { accuracy: 0.9, latency: 10 } }),
  ];
  assert.equal(bestOf(accuracy, front)?.id, 1, 'of equal ones the first');
  assert.equal(bestOf(latency, front)?.id, 2);
  assert.equal(bestOf(accuracy, []), null);
  assert.equal(bestOf({ name: 'other', goal: 'minimize' }, front), null);
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
