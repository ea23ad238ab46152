import assert from 'node:assert/strict';
import { test } from 'node:test';
import { csvHead, csvRows, jsonTrials } from '../../../web/src/store/export';
import { trial } from './values';

const trials = [
  trial(1, 'COMPLETED', 0.91, { params: { rate: 0.1, optimizer: 'adam', value: 7 } }),
  trial(2, 'FAILED', null, { params: { rate: 0.5, optimizer: 'sgd' }, reason: 'out of memory' }),
  trial(3, 'COMPLETED', 0.85, { params: { rate: 0.01, optimizer: 'sgd, nesterov' } }),
];
test('a CSV file keeps whole numbers and quotes what needs it', () => {
  const names = ['rate', 'optimizer'];
  assert.equal(csvHead('accuracy', names), 'trial,state,accuracy,rate,optimizer,method,created_at,ended_at,reason\r\n');
  const [first, , third] = csvRows(trials, 'accuracy', names).split('\r\n');
  assert.match(first as string, /^1,COMPLETED,0\.91,0\.1,adam,,2026/);
  assert.match(third as string, /,"sgd, nesterov",/);
  assert.match(csvRows([trial(1, 'FAILED', null, { reason: 'a "b"\nc' })], 'x', []), /"a ""b""\nc"\r\n$/);
});

test('a JSON file holds the columns that are shown, and numbers that JSON has not as words', () => {
  const two = [trial(1, 'COMPLETED', NaN, { params: { a: 1, b: 2 } }), trial(2, 'RUNNING')];
  const rows = JSON.parse(`[${jsonTrials(two, ['b'])}]`) as { value: unknown; params: object }[];
  assert.deepEqual(rows[0]?.params, { b: 2 });
  assert.equal(rows[0]?.value, 'NaN');
  assert.equal(rows.length, 2);
});
