import assert from 'node:assert/strict';
import { test } from 'node:test';
import { problemMessage } from '../../../web/src/api/client';
import {
  decodeEvent,
  decodeNumber,
  decodeStudy,
  decodeTrial,
  decodeTrialWithRecords,
} from '../../../web/src/api/decode';
import type { Study, StudyEvent, Trial, TrialWithRecords } from '../../../web/src/api/types';

test('numbers that are not finite are strings on the wire', () => {
  assert.ok(Number.isNaN(decodeNumber('NaN')));
  assert.equal(decodeNumber('Infinity'), Infinity);
  assert.equal(decodeNumber('-Infinity'), -Infinity);
  assert.equal(decodeNumber(0), 0);
  for (const other of [null, undefined, 'abc', '', true]) assert.equal(decodeNumber(other), null);
});

test('values and metrics are decoded, parameters are not', () => {
  const wire = {
    id: 1,
    state: 'COMPLETED',
    value: 'NaN',
    params: { kind: 'NaN' },
    created_at: '',
    suggestion: { method: 'gp', mean: '-Infinity', sd: 0.5 },
    records: [{ step: 1, metrics: { loss: 'Infinity', note: null } }],
  };
  const trial = decodeTrialWithRecords(wire as unknown as TrialWithRecords);
  assert.ok(Number.isNaN(trial.value));
  assert.deepEqual(trial.params, { kind: 'NaN' });
  assert.deepEqual(trial.suggestion, { method: 'gp', mean: -Infinity, sd: 0.5 });
  assert.deepEqual(trial.records, [{ step: 1, metrics: { loss: Infinity } }]);
  assert.deepEqual([trial.attempts, trial.reason, trial.ended_at], [[], '', null]);
});

test('what an answer may leave out has a value', () => {
  const bare = decodeStudy({ id: 'a', name: 'n', state: 'ACTIVE', seq: 1, created_at: '' } as Study);
  assert.deepEqual([bare.best, bare.trial_counts, bare.state_reason, bare.ended_at], [null, {}, '', null]);
  assert.equal(decodeTrial({ id: 1, state: 'WAITING', created_at: '' } as Trial).value, null);
});

test('events of every type', () => {
  const report = {
    type: 'TRIAL_REPORTED',
    seq: 3,
    trial_id: 1,
    step: 2,
    metrics: { loss: 'NaN' },
  } as unknown as StudyEvent;
  const decoded = decodeEvent(report);
  assert.ok(decoded.type === 'TRIAL_REPORTED' && Number.isNaN(decoded.metrics.loss));
  const ended = {
    type: 'TRIAL_STATE_CHANGED',
    seq: 4,
    trial: { id: 1, state: 'COMPLETED', value: 'Infinity' },
  } as unknown as StudyEvent;
  const change = decodeEvent(ended);
  assert.ok(change.type === 'TRIAL_STATE_CHANGED' && change.trial.value === Infinity);
});

test('a problem is told in the words of the server, field by field', () => {
  const errors = [{ field: 'parameters.x.min', message: 'must be below max' }];
  assert.equal(
    problemMessage(400, { title: 'Bad Request', detail: 'Two faults', errors }),
    'Two faults\nparameters.x.min: must be below max',
  );
  assert.equal(problemMessage(502, {}), 'The server answered 502');
});
