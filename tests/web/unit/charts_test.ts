import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canCurveBeLogarithmic, curveOf, curveOption, describeCurve, metricNames } from '../../../web/src/charts/curve';
import { bestLine, canBeLogarithmic, describeHistory, historyOption, isEmpty } from '../../../web/src/charts/history';
import { withEnded } from '../../../web/src/store/history_state';
import { palette } from './palette';
import { history as historyOf, trial } from './values';

const trials = [
  trial(1, 'COMPLETED', 0.5),
  trial(2, 'FAILED'),
  trial(3, 'COMPLETED', 0.4),
  trial(4, 'COMPLETED', 0.8),
  trial(5, 'PRUNED', 0.9),
  trial(6, 'COMPLETED', NaN),
  trial(7, 'CANCELLED'),
  trial(8, 'RUNNING'),
];

test('the history splits the trials and finds each improvement', () => {
  const history = historyOf(trials, 'maximize');
  assert.deepEqual(history.improvements, [
    [1, 0.5],
    [4, 0.8],
  ]);
  assert.deepEqual(history.completed, [
    [1, 0.5],
    [3, 0.4],
    [4, 0.8],
  ]);
  assert.deepEqual(history.pruned, [[5, 0.9]]);
  assert.deepEqual(history.lost, [2, 6]);
  assert.equal(history.trials, 8);
});

test('the line of the best goes on to the last trial', () => {
  assert.deepEqual(bestLine(historyOf(trials, 'maximize')), [
    [1, 0.5],
    [1.04, 0.5],
    [4, 0.8],
    [4.04, 0.8],
    [8, 0.8],
  ]);
  const minimized = bestLine(historyOf(trials, 'minimize'));
  assert.deepEqual(
    [minimized[0], minimized.at(-1)],
    [
      [1, 0.5],
      [8, 0.4],
    ],
  );
  assert.deepEqual(bestLine(historyOf([trial(1, 'COMPLETED', 2)], 'maximize')), [[1, 2]]);
});

test('the line never goes back, however close the improvements are', () => {
  const many = Array.from({ length: 1000 }, (_, i) => trial(i + 1, 'COMPLETED', i < 500 ? i : 0));
  const line = bestLine(historyOf(many, 'maximize'));
  for (let i = 1; i < line.length; i += 1) assert.ok((line[i]?.[0] ?? 0) > (line[i - 1]?.[0] ?? 0), String(i));
});

test('a trial that ends late takes its place among the improvements', () => {
  const late = withEnded(historyOf([trial(1, 'COMPLETED', 0.5), trial(4, 'COMPLETED', 0.8)]), [
    trial(3, 'COMPLETED', 0.9),
  ]);
  assert.deepEqual(late.improvements, [
    [1, 0.5],
    [3, 0.9],
  ]);
  assert.equal(withEnded(late, []), late);
  const between = withEnded(late, [trial(2, 'COMPLETED', 0.7)]);
  assert.deepEqual(
    between.improvements.map(([id]) => id),
    [1, 2, 3],
  );
});

test('of several objectives the one of the history counts, and what misses a constraint is no improvement', () => {
  const missed = { constraints: { memory: { value: 20, feasible: false } } };
  const { completed, improvements } = historyOf(
    [
      trial(1, 'COMPLETED', null, { values: { loss: 3, speed: 1 } }),
      trial(2, 'COMPLETED', null, { values: { loss: 2, speed: 1 }, ...missed }),
    ],
    'minimize',
    'loss',
  );
  assert.deepEqual(completed, [
    [1, 3],
    [2, 2],
  ]);
  assert.deepEqual(improvements, [[1, 3]]);
});

test('no trial, running ones and failed ones only', () => {
  assert.equal(isEmpty(historyOf([])), true);
  assert.equal(isEmpty(historyOf([trial(1, 'RUNNING')], 'maximize')), true);
  const failed = historyOf([trial(1, 'FAILED'), trial(2, 'COMPLETED', Infinity)], 'maximize');
  assert.equal(isEmpty(failed), false);
  assert.deepEqual(failed.improvements, []);
  assert.equal(canBeLogarithmic(failed), false);
  assert.match(describeHistory(failed, 'loss'), /No trial has a value of loss/);
});

test('a logarithmic axis needs values above zero', () => {
  assert.equal(canBeLogarithmic(historyOf(trials, 'maximize')), true);
  assert.equal(canBeLogarithmic(historyOf([...trials, trial(9, 'COMPLETED', 0)], 'maximize')), false);
});

test('the option draws every value once and marks the best', () => {
  const option = historyOption(historyOf(trials, 'maximize'), 'accuracy', false, palette);
  const series = option.series as { name: string; data: unknown[] }[];
  assert.deepEqual(
    series.map(({ name, data }) => [name, data.length]),
    [
      ['best so far', 5],
      ['completed', 2],
      ['pruned', 1],
      ['without value', 2],
      ['best', 1],
    ],
  );
  const { formatter } = option.tooltip as { formatter: (item: unknown) => string };
  assert.equal(formatter({ seriesName: 'pruned', data: [5, 0.9] }), 'Trial 5\naccuracy 0.9\npruned');
  assert.equal(formatter({ seriesName: 'without value', data: [2, 0] }), 'Trial 2\nended without a value');
});

const records = [
  { step: 1, metrics: { train_loss: 1, accuracy: 0.2 } },
  { step: 2, metrics: { train_loss: NaN } },
  { step: 3, metrics: { train_loss: 0.5, accuracy: 0.9, b: 1 } },
];

test('the metric of the study comes first', () => {
  assert.deepEqual(metricNames(records, 'train_loss'), ['train_loss', 'accuracy', 'b']);
  assert.deepEqual(metricNames(records, 'unknown'), ['accuracy', 'b', 'train_loss']);
  assert.deepEqual(metricNames([], 'accuracy'), []);
});

test('a curve leaves out steps without a finite value', () => {
  assert.deepEqual(curveOf(records, 'train_loss'), [
    [1, 1],
    [3, 0.5],
  ]);
  assert.deepEqual(curveOf(records, 'nothing'), []);
  assert.equal(describeCurve(curveOf(records, 'accuracy'), 'accuracy'), 'accuracy over 2 steps, from 0.2 to 0.9.');
  assert.equal(canCurveBeLogarithmic([[1, 0]]), false);
  assert.equal(canCurveBeLogarithmic(curveOf(records, 'accuracy')), true);
});

test('tooltips are drawn on the canvas, never as HTML', () => {
  const options = [
    historyOption(historyOf(trials, 'maximize'), 'a', true, palette),
    curveOption(curveOf(records, 'accuracy'), 'accuracy', false, palette),
  ];
  for (const { tooltip } of options) assert.equal((tooltip as { renderMode: string }).renderMode, 'richText');
});
