import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Params } from '../../../web/src/api/types';
import {
  linesOf,
  nearestLine,
  objectiveAxis,
  parameterAxis,
  placeOn,
  whole,
  within,
  wordsAt,
} from '../../../web/src/charts/parallel';
import type { Sampled } from '../../../web/src/store/sample';

const row = (id: number, value: number, params: Params): Sampled => ({
  id,
  state: 'COMPLETED',
  feasible: true,
  params,
  value,
  values: { loss: value },
});
const rows = [
  row(1, 0.1, { rate: 0.01, kind: 'b' }),
  row(2, 0.4, { rate: 1, kind: 'a' }),
  row(3, 0.2, { kind: 'new' }),
];
const rate = parameterAxis('rate', { type: 'float', min: 0.0001, max: 1, scale: 'log' }, rows, undefined);
const kind = parameterAxis('kind', { type: 'categorical', values: ['a', 'b'] }, rows, undefined);
const loss = objectiveAxis('loss', rows, undefined);

test('an axis has the scale of its parameter, and another one where it is chosen', () => {
  assert.equal(rate.log, true);
  assert.ok(Math.abs(placeOn(rate, rows[0] as Sampled) - 0.5) < 1e-12, '0.01 is in the middle of 1e-4 and 1');
  assert.equal(wordsAt(rate, 0.5), '0.01');
  const even = parameterAxis('rate', { type: 'float', min: 0, max: 1, scale: 'log' }, rows, true);
  assert.equal(even.log, false, 'a logarithm needs values above 0');
});

test('a category of older trials has a place, and what a trial lacks has none', () => {
  assert.deepEqual(kind.values, ['a', 'b', 'new']);
  assert.equal(placeOn(kind, rows[2] as Sampled), 1);
  assert.equal(wordsAt(kind, 0.4), 'b');
  assert.ok(Number.isNaN(placeOn(rate, rows[2] as Sampled)));
});

test('an axis of one value only has it in the middle', () => {
  const one = objectiveAxis('loss', rows.slice(0, 1), undefined);
  assert.equal(placeOn(one, rows[0] as Sampled), 0.5);
});

const lines = linesOf(rows, [rate, kind, loss], 'minimize');

test('the best line is drawn last', () => {
  assert.deepEqual(
    lines.rows.map(({ id }) => id),
    [2, 3, 1],
  );
  assert.equal(lines.goodness[2], 1);
});

test('ranges choose lines, and all of them must hold', () => {
  const chosen = (...ranges: (readonly [number, number])[]) =>
    [...within(lines, ranges)].flatMap((one, r) => (one ? [lines.rows[r]?.id] : []));
  assert.deepEqual(chosen(whole, whole, whole), [2, 3, 1]);
  assert.deepEqual(chosen(whole, [0, 0.5], whole), [2, 1], 'the edge belongs to a range');
  assert.deepEqual(chosen([0, 0.9], [0, 0.5], whole), [1]);
  assert.deepEqual(chosen([0, 0.99], whole, whole), [1], 'a trial without a value is in no range of it');
});

test('a click finds the nearest line that is within the ranges', () => {
  const all = within(lines, [whole, whole, whole]);
  assert.equal(lines.rows[nearestLine(lines, all, 0.25, 0.75, 0.05)]?.id, 2, 'a quarter of the way from 1 to 0');
  assert.equal(nearestLine(lines, all, 0.5, 0.9, 0.05), -1);
  const without = within(lines, [[0, 0.6], whole, whole]);
  assert.equal(nearestLine(lines, without, 0.25, 0.75, 0.05), -1);
});
