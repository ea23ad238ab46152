import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Contour, LeftOut, Slice, Trust } from '../../../web/src/api/types';
import { calibrationOption, describeCalibration, isSurprise, verdict } from '../../../web/src/charts/calibration';
import { cellsOf, colourAt, describeHeat, dotsOf, heatOption, type HeatView } from '../../../web/src/charts/heat';
import {
  bandOf,
  bestOfEi,
  describeSlice,
  sliceOption,
  type SliceView,
  valueAt,
  verticalRange,
} from '../../../web/src/charts/slice';
import { motive, outcome } from '../../../web/src/store/reason';
import { palette } from './palette';
import { trial } from './values';

const slice: Slice = {
  parameter: 'x',
  values: [0, 0.5, 1],
  mean: [1, 2, 1.5],
  sd: [0.5, 0, 0.25],
  ei: [0.1, 0, 0.3],
  observed: [
    { trial: 1, at: 0.5, nearness: 1, value: 2 },
    { trial: 2, at: 0.2, nearness: 0.01, value: -900 },
  ],
  pending: [{ trial: 3, at: 1, nearness: 0.7 }],
};
const view: SliceView = {
  slice,
  metric: 'accuracy',
  goal: 'maximize',
  axis: 'value',
  through: 0.5,
  next: null,
  best: null,
};

test('the band is two standard deviations wide on either side', () => {
  assert.deepEqual(bandOf(slice), { low: [0, 2, 1], high: [2, 2, 2] });
});

test('a trial that is far away does not flatten the picture', () => {
  const [low, high] = verticalRange(slice);
  assert.ok(low > -1 && low < 0 && high > 2 && high < 3, `${low} to ${high}`);
});

test('a flat slice still has a height', () => {
  const [low, high] = verticalRange({ ...slice, mean: [0, 0, 0], sd: [0, 0, 0], observed: [] });
  assert.ok(low < 0 && high > 0);
});

test('a slice is said in words, in the direction of the metric', () => {
  assert.equal(bestOfEi(slice), 2);
  assert.match(describeSlice(view), /best at 0\.5, 2 ± 0\. The expected improvement is greatest at 1/);
  assert.match(describeSlice({ ...view, goal: 'minimize' }), /best at 0, 1 ± 1/);
});

test('points of a slice carry their trial, and are paler the less they say', () => {
  const series = sliceOption(view, palette).series as { name?: string; data: never[] }[];
  const observed = series.find(({ name }) => name === 'observed')?.data as unknown as {
    trial: number;
    itemStyle: { opacity: number };
  }[];
  assert.deepEqual(
    observed.map((point) => point.trial),
    [1, 2],
  );
  assert.ok((observed[0]?.itemStyle.opacity ?? 0) > 0.99 && (observed[1]?.itemStyle.opacity ?? 1) < 0.2);
  const category = sliceOption({ ...view, axis: 'category' }, palette);
  assert.equal((category.xAxis as { type: string }[])[0]?.type, 'category');
  const marks = (option: typeof category) => (option.series as unknown[]).length;
  assert.equal(marks(sliceOption({ ...view, next: 0.3 }, palette)), marks(sliceOption(view, palette)) + 4);
});

const contour: Contour = {
  fit: 1,
  incumbent: { trial: 1, mean: 0 },
  through: { trial: 1, params: {}, mean: 0, sd: 0, ei: 0 },
  x: { parameter: 'x', values: [0, 1] },
  y: { parameter: 'kind', values: ['a', 'b', 'c'] },
  mean: [0, 1, 2, 3, 4, 5],
  sd: [0, 0, 0, 0, 0, 0],
  ei: [0, 0, 0, 0, 0, 0],
};
const trials = [
  trial(1, 'COMPLETED', 2, { params: { x: 0.25, kind: 'c' } }),
  trial(2, 'RUNNING', null, { params: { x: 1, kind: 'a' } }),
  trial(3, 'COMPLETED', 2, { params: { x: 0.25 } }),
];
const heat: HeatView = { contour, quantity: 'mean', metric: 'loss', log: { x: false, y: false }, trials };

test('cells of the map know their values, x fastest', () => {
  const cells = cellsOf(heat);
  assert.deepEqual(cells[3], { value: [1, 1, 3], point: { x: 1, y: 'b' } });
  assert.equal(cells.length, 6);
  assert.match(describeHeat(heat), /over x and kind, from 0 to 5/);
});

test('trials stand on the map where their values are', () => {
  assert.deepEqual(
    dotsOf(heat, () => true).map(({ trial: id, value: [x, y] }) => [id, x, y]),
    [
      [1, 0.25, 2],
      [2, 1, 0],
    ],
  );
  assert.equal((heatOption(heat, palette).series as unknown[]).length, 3);
});

test('colours go from one end of the scale to the other', () => {
  assert.equal(colourAt(palette.heat, 0), 'rgb(0,0,0)');
  assert.equal(colourAt(palette.heat, 0.25), 'rgb(64,64,64)');
  assert.equal(colourAt(palette.heat, 1), 'rgb(255,255,255)');
  assert.equal(colourAt(palette.heat, 7), 'rgb(255,255,255)');
});

const left = (id: number, z: number): LeftOut => ({
  trial: id,
  value: id,
  mean: id - z,
  sd: 1,
  low: id - z - 2,
  high: id - z + 2,
  z,
});
const trust: Trust = {
  fit: 1,
  finished: 10,
  observations: 10,
  within_1_sd: 0.7,
  within_2_sd: 0.9,
  rmse: 1,
  noise_sd: 0,
  warp: 'none',
  jitter_level: 0,
  lengthscales: [],
  leave_one_out: [left(1, 0.5), left(2, -2.5)],
};

test('a trial beyond two standard deviations is a surprise, drawn in another form', () => {
  assert.deepEqual(trust.leave_one_out.map(isSurprise), [false, true]);
  const series = calibrationOption(trust, 'loss', palette).series as { symbol?: string; data: { trial: number }[] }[];
  assert.deepEqual(
    series.filter(({ symbol }) => symbol === 'diamond').map(({ data }) => data.map((point) => point.trial)),
    [[2]],
  );
  assert.match(describeCalibration(trust, 'loss'), /90 % lie within/);
});

test('the verdict on the model follows from the coverage', () => {
  assert.match(verdict(trust), /knows what it does not know/);
  assert.match(verdict({ ...trust, within_2_sd: 0.5 }), /too sure/);
  assert.match(verdict({ ...trust, observations: 3 }), /Too few/);
});

test('why a point was tried is said in words', () => {
  assert.match(motive(0.8), /^To exploit.*20 %/);
  assert.match(motive(0.1), /^To explore: 90 %/);
  const suggestion = { method: 'gp', mean: 1, sd: 0.5 };
  assert.match(outcome(trial(1, 'COMPLETED', 1.5, { suggestion })), /as expected, 1σ/);
  assert.match(outcome(trial(1, 'COMPLETED', 3, { suggestion })), /surprise, 4σ/);
  assert.equal(outcome(trial(1, 'RUNNING', null, { suggestion })), '');
});

test('the next suggestion stands on the mean and on the expected improvement, between the values too', () => {
  assert.equal(valueAt(slice, slice.mean, 0.25), 1.5);
  assert.equal(valueAt(slice, slice.mean, 1), 1.5);
  assert.equal(valueAt({ ...slice, values: ['a', 'b', 'c'] }, slice.mean, 'd'), null);
  const series = sliceOption({ ...view, next: 0.25, best: 2 }, palette).series as {
    symbol?: string;
    data: unknown[];
  }[];
  const marks = series.filter(({ symbol }) => symbol === 'diamond').map(({ data }) => data[0]);
  assert.deepEqual(marks, [
    [0.25, 1.5],
    [0.25, 0.05],
  ]);
});
