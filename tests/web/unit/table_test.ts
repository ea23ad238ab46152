import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type SortKey, sortRows, visibleRows } from '../../../web/src/components/virtual_rows';
import { columnWidth, isNumeric, parameterNames } from '../../../web/src/pages/study/trial_columns';
import { study, trial } from './values';

test('only the rows around the view are drawn, and the rest keeps its room', () => {
  const window = visibleRows(2000, 3400, 340, 34);
  assert.deepEqual([window.first, window.end], [94, 116]);
  assert.equal(window.above + (window.end - window.first) * 34 + window.below, 2000 * 34);
});

test('short, empty and shrunken tables', () => {
  assert.deepEqual(visibleRows(3, 0, 340, 34), { first: 0, end: 3, above: 0, below: 0 });
  assert.deepEqual(visibleRows(0, 0, 340, 34), { first: 0, end: 0, above: 0, below: 0 });
  assert.equal(visibleRows(20, 99_999, 340, 34).end, 20);
});

const sorted = (keys: SortKey[], descending: boolean): SortKey[] => sortRows(keys, (key) => key, descending);

test('what is missing comes last, up and down', () => {
  assert.deepEqual(sorted([2, null, 10, NaN, 1], false), [1, 2, 10, null, NaN]);
  assert.deepEqual(sorted([2, null, 10, NaN, 1], true), [10, 2, 1, null, NaN]);
  assert.deepEqual(sorted([Infinity, 0, -Infinity], true), [Infinity, 0, -Infinity]);
});

test('numbers and words in one column have an order', () => {
  assert.deepEqual(sorted(['b', 3, 'a', 1], false), [1, 3, 'a', 'b']);
});

test('equal rows keep their order both ways', () => {
  const rows = [
    { id: 1, k: 5 },
    { id: 2, k: 5 },
    { id: 3, k: 4 },
  ];
  assert.deepEqual(
    sortRows(rows, (row) => row.k, true).map(({ id }) => id),
    [1, 2, 3],
  );
  assert.deepEqual(
    sortRows(rows, (row) => row.k, false).map(({ id }) => id),
    [3, 1, 2],
  );
});

test('parameters are in the order of the study file, then what only trials have', () => {
  const given = study({ spec: { parameters: { zeta: { type: 'float' }, alpha: { type: 'categorical' } } } });
  const trials = [trial(1, 'COMPLETED', 1, { params: { alpha: '3', extra: 1, zeta: 0.1 } })];
  assert.deepEqual(parameterNames(given, trials), ['zeta', 'alpha', 'extra']);
  assert.equal(isNumeric(given, 'zeta', trials), true);
  assert.equal(isNumeric(given, 'alpha', trials), false);
  assert.equal(isNumeric(given, 'extra', trials), true);
  assert.equal(isNumeric(given, 'extra', []), false);
});

test('no column is wider than what can be read', () => {
  assert.equal(columnWidth('x'.repeat(300), []), 190);
  assert.equal(columnWidth('x', ['1']), 76);
});
