import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  describeParallel,
  distributionOf,
  goodness,
  parallelOption,
  type ParallelView,
  scatterOption,
  topOf,
  valued,
} from '../../../web/src/charts/explore';
import { compareOption, describeCompared, lookOf, mostCompared, sharedMetric } from '../../../web/src/charts/compare';
import { byEnd, canCurvesBeLogarithmic, curvesOption, describeCurves } from '../../../web/src/charts/curves';
import type { Curves } from '../../../web/src/api/types';
import type { Palette } from '../../../web/src/theme';
import { study, trial } from './values';

const palette = { faint: '#000000', accent: '#ffffff', surface: '#444444' } as Palette;
const trials = valued([
  trial(1, 'COMPLETED', 0.1, { params: { rate: 0.1, kind: 'a' } }),
  trial(2, 'FAILED'),
  trial(3, 'COMPLETED', 0.4, { params: { rate: 0.01, kind: 'b' } }),
  trial(4, 'COMPLETED', NaN),
  trial(5, 'PRUNED', 0.2, { params: { kind: 'new' } }),
  trial(6, 'COMPLETED', 0.3, { params: { rate: 1, kind: 'a' } }),
]);
const ids = (list: readonly { id: number }[]) => list.map(({ id }) => id);

test('only trials with a finite value are drawn', () => assert.deepEqual(ids(trials), [1, 3, 5, 6]));

test('the best part of the trials, in the direction of the metric, and never none', () => {
  assert.deepEqual(ids(topOf(trials, 'maximize', 50)), [3, 6]);
  assert.deepEqual(ids(topOf(trials, 'minimize', 50)), [1, 5]);
  assert.deepEqual(ids(topOf(trials, 'minimize', 1)), [1]);
});

test('colours follow the rank', () => {
  assert.deepEqual(
    [...goodness(trials, 'maximize')],
    [
      [3, 1],
      [6, 1 - 1 / 3],
      [5, 1 - 2 / 3],
      [1, 0],
    ],
  );
  assert.deepEqual([...goodness(trials.slice(0, 1), 'maximize')], [[1, 1]]);
});

test('the distribution goes from the best value to the worst', () => {
  assert.deepEqual(distributionOf(trials, 'minimize'), [
    [0.1, 0.25],
    [0.2, 0.5],
    [0.3, 0.75],
    [0.4, 1],
  ]);
});

test('studies are compared by lines of different forms, when they measure the same', () => {
  const of = (name: string, goal: 'minimize' | 'maximize') => ({
    study: study({ name, spec: { metric: { name: 'loss', goal } } }),
    trials,
  });
  const many = Array.from({ length: 6 }, (_, i) => of(`s${i}`, 'minimize'));
  assert.equal(sharedMetric(many), 'loss');
  assert.equal(sharedMetric([...many, of('other', 'maximize')]), null);
  const looks = Array.from({ length: mostCompared }, (_, i) => lookOf(i)).map(
    ({ colour, form }) => `${colour} ${form}`,
  );
  assert.equal(new Set(looks).size, mostCompared);
  const [line] = compareOption(many, false, palette).series as { data: [number, number][] }[];
  assert.deepEqual(line?.data.at(-1), [6, 0.1], 'the best goes on to the last trial');
  assert.match(describeCompared(many), /of 6 studies: s0 none yet, s1/);
});

const view: ParallelView = {
  trials,
  goal: 'minimize',
  metric: 'loss',
  parameters: {
    rate: { type: 'float', min: 0.001, max: 1, scale: 'log' },
    kind: { type: 'categorical', values: ['a', 'b'] },
  },
  names: ['kind', 'rate'],
  log: true,
};

test('axes keep their order and scale; a value that a trial lacks is a gap; the best is drawn last', () => {
  const option = parallelOption(view, palette) as unknown as {
    parallelAxis: { name: string; type: string; data?: string[] }[];
    series: { data: { trial: number; value: unknown[] }[] }[];
  };
  assert.deepEqual(
    option.parallelAxis.map(({ name, type }) => [name, type]),
    [
      ['kind', 'category'],
      ['rate', 'log'],
      ['Loss', 'log'],
    ],
  );
  assert.deepEqual(option.parallelAxis[0]?.data, ['a', 'b', 'new'], 'a value of older trials has a place');
  const lines = option.series[0]?.data ?? [];
  assert.equal(lines.at(-1)?.trial, 1);
  assert.deepEqual(lines.find((line) => line.trial === 5)?.value, ['new', null, 0.2]);
  assert.match(describeParallel(view), /4 trials on 3 parallel axes: kind, rate, loss/);
});

test('along one parameter only the trials that have it are drawn', () => {
  const option = scatterOption(
    { trials, name: 'rate', parameter: view.parameters['rate'], metric: 'loss', log: false },
    palette,
  );
  const [series] = option.series as { data: { trial: number }[] }[];
  assert.deepEqual(
    series?.data.map((point) => point.trial),
    [1, 3, 6],
  );
});

const curves: Curves = {
  metric: 'loss',
  metrics: ['loss'],
  curves: [
    {
      trial: 1,
      state: 'COMPLETED',
      reason: '',
      points: [
        [1, 0.9],
        [2, 0.2],
      ],
    },
    { trial: 2, state: 'PRUNED', reason: 'not among the best 1 of 2', points: [[1, 0.8]] },
    {
      trial: 3,
      state: 'COMPLETED',
      reason: '',
      points: [
        [1, 0.5],
        [2, 0.4],
      ],
    },
  ],
};

test('curves are drawn from the worst end to the best, and one that was stopped early says why', () => {
  assert.deepEqual(
    byEnd(curves.curves, 'minimize').map(({ trial: id }) => id),
    [2, 3, 1],
  );
  const series = curvesOption(curves, 'minimize', true, palette).series as { name: string; data: unknown[] }[];
  assert.deepEqual(
    series.map(({ name }) => name),
    ['2', '3', '1', 'stopped early'],
  );
  assert.deepEqual(series.at(-1)?.data, [{ trial: 2, reason: 'not among the best 1 of 2', value: [1, 0.8] }]);
  assert.match(describeCurves(curves), /3 trials, of which 1 were stopped early/);
  assert.equal(canCurvesBeLogarithmic(curves), true);
});
