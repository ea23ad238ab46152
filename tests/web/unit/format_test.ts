import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  explainReason,
  formatAge,
  formatDuration,
  formatNumber,
  formatParam,
  formatPercent,
  formatRough,
  humanize,
} from '../../../web/src/format';

test('numbers have four significant digits', () => {
  const expected: [number, string][] = [
    [0, '0'],
    [1, '1'],
    [-3, '−3'],
    [0.98333333, '0.9833'],
    [0.5, '0.5'],
    [0.1 + 0.2, '0.3'],
    [12.3456, '12.35'],
    [123.456, '123.5'],
    [1234.56, '1235'],
    [12345.6, '12\u202f346'],
    [1234567, '1\u202f234\u202f567'],
    [-12345.6, '−12\u202f346'],
    [999.96, '1000'],
    [1.2e-4, '1.2e−4'],
    [1e-4, '1e−4'],
    [-1.23456e-9, '−1.235e−9'],
    [0.001, '0.001'],
    [2e7, '2e7'],
    [1.5e300, '1.5e300'],
    [NaN, 'NaN'],
    [Infinity, '∞'],
    [-Infinity, '−∞'],
  ];
  for (const [x, text] of expected) assert.equal(formatNumber(x), text, String(x));
});

test('fixed numbers keep their zeros, so that columns line up', () => {
  assert.equal(formatNumber(0.98, { fixed: true }), '0.9800');
  assert.equal(formatNumber(1, { fixed: true }), '1.000');
  assert.equal(formatNumber(2345, { fixed: true }), '2345');
});

test('parameters of every kind', () => {
  assert.equal(formatParam(0.01), '0.01');
  assert.equal(formatParam('NaN'), 'NaN');
  assert.equal(formatParam(false), 'false');
  assert.equal(formatParam(undefined), '–');
  assert.equal(formatParam(null), '–');
  assert.equal(formatParam(''), '');
});

test('durations', () => {
  const expected: [number, string][] = [
    [-5, '0 ms'],
    [0, '0 ms'],
    [412, '412 ms'],
    [1234, '1.2 s'],
    [9949, '9.9 s'],
    [9990, '10 s'],
    [59_400, '59 s'],
    [59_600, '1 min 00 s'],
    [192_000, '3 min 12 s'],
    [3_599_700, '1 h 00 min'],
    [7_500_000, '2 h 05 min'],
    [273_600_000, '3 d 4 h'],
  ];
  for (const [ms, text] of expected) assert.equal(formatDuration(ms), text, String(ms));
});

test('estimates are rough', () => {
  const expected: [number, string][] = [
    [0, '5 s'],
    [12_000, '15 s'],
    [56_000, '1 min'],
    [3_000_000, '50 min'],
    [7_000_000, '2 h'],
    [300_000_000, '4 d'],
  ];
  for (const [ms, text] of expected) assert.equal(formatRough(ms), text, String(ms));
});

test('ages', () => {
  assert.equal(formatAge(-1), 'just now');
  assert.equal(formatAge(59_000), 'just now');
  assert.equal(formatAge(60_000), '1 min ago');
  assert.equal(formatAge(7_200_000), '2 h ago');
  assert.equal(formatAge(200_000_000), '2 d ago');
});

test('names, reasons and percents', () => {
  assert.equal(humanize('TIMED_OUT'), 'Timed out');
  assert.equal(explainReason('target_reached'), 'the target is reached');
  assert.equal(explainReason('some_new_reason'), 'Some new reason');
  assert.equal(formatPercent(1, 3), '33 %');
  assert.equal(formatPercent(0, 0), '0 %');
});
