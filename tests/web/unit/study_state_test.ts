import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Study, StudyEvent, Trial } from '../../../web/src/api/types';
import {
  applyEvents,
  findTrial,
  fromSnapshot,
  mergeRecords,
  type StudyData,
  withAnswer,
  withCurve,
  withoutCurve,
  withSummary,
  withTrials,
} from '../../../web/src/store/study_state';
import { history, study, trial } from './values';

const snapshot = (of: Study, trials: readonly Trial[], previous?: StudyData): StudyData =>
  fromSnapshot({ study: of, trials, history: history(trials), seq: of.seq }, previous);
const empty = (): StudyData => snapshot(study(), []);
const reported = (seq: number, trial_id: number, step: number, metrics: Record<string, number>): StudyEvent => ({
  type: 'TRIAL_REPORTED',
  seq,
  trial_id,
  step,
  metrics,
});

test('a trial is created, runs, reports and ends', () => {
  let data = applyEvents(empty(), [
    { type: 'TRIAL_CREATED', seq: 2, trial: trial(1, 'WAITING') },
    { type: 'TRIAL_STATE_CHANGED', seq: 3, trial: trial(1, 'RUNNING') },
    reported(4, 1, 1, { accuracy: 0.5 }),
  ]);
  assert.equal(data.seq, 4);
  assert.deepEqual(data.latest.get(1), { step: 1, metrics: { accuracy: 0.5 } });
  assert.deepEqual(data.history.completed, []);
  data = applyEvents(data, [{ type: 'TRIAL_STATE_CHANGED', seq: 5, trial: trial(1, 'COMPLETED', 0.9) }]);
  assert.deepEqual(data.history.improvements, [[1, 0.9]]);
  assert.equal(data.latest.has(1), false);
});

test('events that the state already holds change nothing', () => {
  const events: StudyEvent[] = [
    { type: 'TRIAL_CREATED', seq: 2, trial: trial(1, 'RUNNING') },
    { type: 'TRIAL_STATE_CHANGED', seq: 3, trial: trial(1, 'COMPLETED', 0.4) },
  ];
  const once = applyEvents(empty(), events);
  assert.equal(applyEvents(once, events), once);
});

test('the given state is not touched', () => {
  const before = snapshot(study(), [trial(1, 'RUNNING')]);
  applyEvents(before, [{ type: 'TRIAL_STATE_CHANGED', seq: 9, trial: trial(1, 'FAILED') }]);
  assert.equal(before.trials[0]?.state, 'RUNNING');
  assert.deepEqual(before.history.lost, []);
});

test('reports alone leave the trials as they are, so that no table is drawn anew', () => {
  const before = snapshot(study(), [trial(1, 'RUNNING')]);
  const after = applyEvents(before, [reported(2, 1, 1, { accuracy: 0.1 })]);
  assert.equal(after.trials, before.trials);
  assert.equal(after.study, before.study);
  assert.notEqual(after, before);
});

test('trials stay in order of their ids, in whatever order they come', () => {
  const data = applyEvents(
    empty(),
    [5, 2, 9, 1].map((id, i): StudyEvent => ({
      type: 'TRIAL_CREATED',
      seq: 2 + i,
      trial: trial(id, 'WAITING'),
    })),
  );
  assert.deepEqual(
    data.trials.map(({ id }) => id),
    [1, 2, 5, 9],
  );
  assert.equal(findTrial(data.trials, 5)?.id, 5);
  assert.equal(findTrial(data.trials, 3), null);
  assert.equal(findTrial(data.trials, 10), null);
});

test('the state of the study changes with its reason and its end', () => {
  const data = applyEvents(empty(), [
    { type: 'STUDY_STATE_CHANGED', seq: 2, state: 'STOPPING', state_reason: 'user' },
    { type: 'STUDY_STATE_CHANGED', seq: 3, state: 'STOPPED', state_reason: 'user', time: '2026-01-31T13:00:00.000Z' },
  ]);
  assert.equal(data.study.state, 'STOPPED');
  assert.equal(data.study.state_reason, 'user');
  assert.equal(data.study.ended_at, '2026-01-31T13:00:00.000Z');
});

test('counts and the best are the server’s; older ones than are known change nothing', () => {
  const { spec, ...summary } = study({
    seq: 5,
    trial_counts: { COMPLETED: 3 },
    best: { trial: 2, value: 1, params: {} },
  });
  const data = withSummary(empty(), summary);
  assert.deepEqual(data.study.trial_counts, { COMPLETED: 3 });
  assert.deepEqual(data.study.spec, spec, 'which a summary leaves out');
  assert.equal(data.seq, 1, 'the events until then are still to come');
  assert.equal(withSummary(data, study({ seq: 4 })), data);
});

test('a trial that the history holds already is not drawn twice', () => {
  const ended = trial(1, 'COMPLETED', 0.5);
  const data = fromSnapshot({ study: study(), trials: [], history: { ...history([ended]), seq: 7 }, seq: 3 });
  const event = (seq: number, id: number): StudyEvent => ({
    type: 'TRIAL_STATE_CHANGED',
    seq,
    trial: trial(id, 'COMPLETED', 0.5),
  });
  assert.deepEqual(applyEvents(data, [event(6, 1), event(8, 2)]).history.completed, [
    [1, 0.5],
    [2, 0.5],
  ]);
});

test('older trials are met by themselves, and do not undo what events have told', () => {
  const data = snapshot(study(), [trial(5, 'COMPLETED', 1)]);
  const met = withTrials(data, [trial(2, 'FAILED'), trial(5, 'RUNNING')]);
  assert.deepEqual(
    met.trials.map(({ id, state }) => [id, state]),
    [
      [2, 'FAILED'],
      [5, 'COMPLETED'],
    ],
  );
  assert.equal(withTrials(met, [trial(2, 'FAILED')]), met);
});

test('of a long study the newest trials are kept, the best one, and those that are open', () => {
  const best = { trial: 3, value: 1, params: {} };
  const old = Array.from({ length: 1000 }, (_, i) => trial(i + 1, 'COMPLETED', 0));
  const data = withCurve(snapshot(study({ best }), old), 7, []);
  const more = Array.from({ length: 600 }, (_, i): StudyEvent => ({
    type: 'TRIAL_CREATED',
    seq: i + 2,
    trial: trial(1001 + i, 'RUNNING'),
  }));
  const ids = applyEvents(data, more).trials.map(({ id }) => id);
  assert.deepEqual(ids.slice(0, 3), [3, 7, 601]);
  assert.equal(ids.at(-1), 1600);
});

test('a curve collects what is reported before and after its records arrive', () => {
  let data = withCurve(snapshot(study(), [trial(1, 'RUNNING')]), 1, []);
  data = applyEvents(data, [reported(2, 1, 3, { loss: 0.3 }), reported(3, 2, 3, { loss: 9 })]);
  data = withCurve(data, 1, [
    { step: 1, metrics: { loss: 0.9 } },
    { step: 2, metrics: { loss: 0.5 } },
  ]);
  data = applyEvents(data, [reported(4, 1, 4, { loss: 0.2 }), reported(5, 1, 2, { accuracy: 0.8 })]);
  assert.deepEqual(data.curves.get(1), [
    { step: 1, metrics: { loss: 0.9 } },
    { step: 2, metrics: { loss: 0.5, accuracy: 0.8 } },
    { step: 3, metrics: { loss: 0.3 } },
    { step: 4, metrics: { loss: 0.2 } },
  ]);
  assert.equal(data.curves.has(2), false);
  assert.equal(data.latest.get(1)?.step, 2);
  assert.equal(withoutCurve(data, 1).curves.size, 0);
});

test('records merge by step, the newer ones winning', () => {
  const older = [
    { step: 1, metrics: { a: 1 } },
    { step: 3, metrics: { a: 3 } },
  ];
  const newer = [
    { step: 2, metrics: { a: 2 } },
    { step: 3, metrics: { a: 33 } },
  ];
  assert.deepEqual(
    mergeRecords(older, newer).map(({ step, metrics }) => [step, metrics.a]),
    [
      [1, 1],
      [2, 2],
      [3, 33],
    ],
  );
});

test('a snapshot keeps open curves and the reports of what still runs', () => {
  let data = withCurve(snapshot(study(), [trial(1, 'RUNNING'), trial(2, 'RUNNING')]), 1, []);
  data = applyEvents(data, [reported(2, 1, 1, { a: 1 }), reported(3, 2, 1, { a: 2 })]);
  const again = snapshot(study({ seq: 8 }), [trial(2, 'RUNNING'), trial(1, 'COMPLETED', 1)], data);
  assert.equal(again.seq, 8);
  assert.deepEqual(
    again.trials.map(({ id }) => id),
    [1, 2],
  );
  assert.deepEqual([...again.latest.keys()], [2]);
  assert.equal(again.curves.get(1)?.length, 1);
});

test('the answer of an action counts unless events are ahead of it', () => {
  const data = applyEvents(empty(), [{ type: 'STUDY_STATE_CHANGED', seq: 7, state: 'ACTIVE', state_reason: '' }]);
  assert.equal(withAnswer(data, study({ seq: 6, state: 'PAUSED' })), data);
  assert.equal(withAnswer(data, study({ seq: 8, state: 'PAUSED', state_reason: 'user' })).study.state, 'PAUSED');
});
