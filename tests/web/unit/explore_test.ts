import assert from 'node:assert/strict';
import { test } from 'node:test';
import { distributionOf, goodness, planeOption, scatterOption } from '../../../web/src/charts/explore';
import { compareOption, describeCompared, lookOf, mostCompared, sharedMetric } from '../../../web/src/charts/compare';
import { byEnd, canCurvesBeLogarithmic, curvesOption, describeCurves } from '../../../web/src/charts/curves';
import type { Curves, ParameterSpec, Params, Sample } from '../../../web/src/api/types';
import { rowsOf, type Sampled, withSampled } from '../../../web/src/store/sample';
import type { Palette } from '../../../web/src/theme';
import { history, study, trial } from './values';

const palette = { faint: '#000000', accent: '#ffffff', surface: '#444444' } as Palette;
const row = (id: number, value: number, params: Params, state: Sampled['state'] = 'COMPLETED'): Sampled => ({
  id,
  state,
  feasible: true,
  params,
  value,
  values: { loss: value },
});
const trials = [
  row(1, 0.1, { rate: 0.1, kind: 'a' }),
  row(3, 0.4, { rate: 0.01, kind: 'b' }),
  row(5, 0.2, { kind: 'new' }, 'PRUNED'),
  row(6, 0.3, { rate: 1, kind: 'a' }),
];
const sample: Sample = {
  seq: 9,
  objective: 'loss',
  valued: 4,
  chosen: 4,
  distribution: [0.1, 0.2, 0.3, 0.4],
  optimal: [],
  hypervolume: null,
  trials: [1, 3, 5, 6],
  states: ['COMPLETED', 'COMPLETED', 'PRUNED', 'COMPLETED'],
  feasible: [true, true, true, true],
  values: { loss: [0.1, 0.4, 0.2, 0.3] },
  params: { rate: [0.1, 0.01, null, 1], kind: ['a', 'b', 'new', 'a'] },
};

test('columns become trials again', () => assert.deepEqual(rowsOf(sample), trials));

test('sampled trials stand beside those that are known', () => {
  const shown = withSampled([trial(5, 'RUNNING'), trial(7, 'RUNNING')], sample);
  assert.deepEqual(
    shown.map(({ id, state }) => `${id} ${state}`),
    ['1 COMPLETED', '3 COMPLETED', '5 RUNNING', '6 COMPLETED', '7 RUNNING'],
  );
  assert.equal(shown[1]?.value, 0.4);
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
  assert.deepEqual(distributionOf([0.1, 0.2, 0.4]), [
    [0.1, 0],
    [0.2, 0.5],
    [0.4, 1],
  ]);
});

test('studies are compared by lines of different forms, when they measure the same', () => {
  const of = (name: string, goal: 'minimize' | 'maximize') => ({
    study: study({ name, spec: { metric: { name: 'loss', goal } } }),
    history: history([trial(1, 'COMPLETED', 0.1), trial(6, 'COMPLETED', 0.3)], goal, 'loss'),
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

const parameters: Record<string, ParameterSpec> = {
  rate: { type: 'float', min: 0.001, max: 1, scale: 'log' },
  kind: { type: 'categorical', values: ['a', 'b'] },
};

test('along one parameter only the trials that have it are drawn', () => {
  const option = scatterOption(
    { trials, name: 'rate', parameter: parameters['rate'], metric: 'loss', log: false },
    palette,
  );
  const series = option.series as { data: { trial: number }[] }[];
  assert.deepEqual(
    series.flatMap(({ data }) => data.map((point) => point.trial)),
    [1, 3, 6],
  );
});

test('over two parameters the best is drawn last and largest, and only what has both', () => {
  const option = planeOption({ trials, goal: 'minimize', metric: 'loss', x: 'rate', y: 'kind', parameters }, palette);
  const series = option.series as { symbolSize: number; data: { trial: number }[] }[];
  assert.deepEqual(
    series.flatMap(({ data }) => data.map((point) => point.trial)),
    [3, 6, 1],
  );
  assert.ok((series.at(-1)?.symbolSize ?? 0) > (series[0]?.symbolSize ?? 99));
});

const curves: Curves = {
  metric: 'loss',
  metrics: ['loss'],
  axis: 'step',
  limits: null,
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

test('what early stopping holds trials against is drawn over the curves, and needs room on a logarithmic axis', () => {
  const points: [number, number][] = [
    [1, 0.7],
    [2, 0.3],
  ];
  const limited: Curves = { ...curves, limits: { rule: 'median', lines: [{ bracket: 0, points }] } };
  const series = curvesOption(limited, 'minimize', false, palette).series as { name: string; data: unknown[] }[];
  assert.deepEqual(series.find(({ name }) => name === 'limit')?.data, points);
  const below = { rule: 'median', lines: [{ bracket: 0, points: [[1, -1] as [number, number]] }] };
  assert.equal(canCurvesBeLogarithmic({ ...curves, limits: below }), false);
});
