import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canParetoBeLogarithmic, describePareto, paretoOption, staircase } from '../../../web/src/charts/pareto';
import type { Sampled } from '../../../web/src/store/sample';
import type { Palette } from '../../../web/src/theme';

const row = (id: number, loss: number | null, speed: number, feasible = true): Sampled => ({
  id,
  state: 'COMPLETED',
  feasible,
  params: {},
  value: loss ?? NaN,
  values: { loss, speed },
});
const view = {
  trials: [row(1, 1, 10), row(2, 2, 20), row(3, 2, 5), row(4, 0.5, 30, false), row(5, null, 1)],
  optimal: new Set([1, 2]),
  x: { name: 'loss', goal: 'minimize' } as const,
  y: { name: 'speed', goal: 'maximize' } as const,
  reference: { loss: 3, speed: 0 },
  whole: true,
  log: false,
};

test('every trial with both values is drawn once, by what it is', () => {
  const series = paretoOption(view, {} as Palette).series as { name: string; data: { trial?: number }[] }[];
  const drawn = Object.fromEntries(series.slice(1).map(({ name, data }) => [name, data.map(({ trial }) => trial)]));
  assert.deepEqual(drawn, {
    beaten: [3],
    'misses a constraint': [4],
    'on the front': [1, 2],
    reference: [undefined],
  });
  assert.match(describePareto(view), /5 trials, of which no other trial beats 2/);
});

test('the border of the front is a staircase, from its best end', () => {
  assert.deepEqual(
    staircase(
      [
        [2, 20],
        [1, 10],
      ],
      'minimize',
    ),
    [
      [1, 10],
      [2, 10],
      [2, 20],
    ],
  );
});

test('of three objectives the pairs have no border', () => {
  const [line] = paretoOption({ ...view, whole: false }, {} as Palette).series as { data: unknown[] }[];
  assert.deepEqual(line?.data, []);
});

test('a logarithmic axis needs values above zero', () => {
  assert.equal(canParetoBeLogarithmic(view), true);
  assert.equal(canParetoBeLogarithmic({ ...view, trials: [row(1, 0, 1)] }), false);
});
