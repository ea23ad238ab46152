import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toCsv, toJson } from '../../../web/src/store/export';
import { sortStudies } from '../../../web/src/store/studies_order';
import { parseFilter } from '../../../web/src/store/trial_filter';
import { study, trial } from './values';

const trials = [
  trial(1, 'COMPLETED', 0.91, { params: { rate: 0.1, optimizer: 'adam', value: 7 } }),
  trial(2, 'FAILED', null, { params: { rate: 0.5, optimizer: 'sgd' }, reason: 'out of memory' }),
  trial(3, 'COMPLETED', 0.85, { params: { rate: 0.01, optimizer: 'sgd, nesterov' } }),
];
const found = (text: string) => {
  const { test: holds, error } = parseFilter(text, 'accuracy', ['rate', 'optimizer', 'value']);
  return [trials.filter(holds).map(({ id }) => id), error] as const;
};

test('conditions on the metric, the parameters and the state must all hold', () => {
  assert.deepEqual(found('accuracy > 0.9'), [[1], '']);
  assert.deepEqual(found('accuracy>=0.85 rate<0.1'), [[3], '']);
  assert.deepEqual(found('state = completed and rate <= 0.1'), [[1, 3], '']);
  assert.deepEqual(found('state != COMPLETED'), [[2], '']);
  assert.deepEqual(found('optimizer = "sgd, nesterov"'), [[3], '']);
  assert.deepEqual(found('optimizer ~ sgd'), [[2, 3], '']);
  assert.deepEqual(found('seconds >= 10 id != 2'), [[1, 3], '']);
  assert.deepEqual(found(''), [[1, 2, 3], '']);
});

test('a parameter goes before a field of its name', () => assert.deepEqual(found('value = 7'), [[1], '']));

test('a word alone is looked for everywhere', () => {
  assert.deepEqual(found('memory'), [[2], '']);
  assert.deepEqual(found('ADAM'), [[1], '']);
  assert.deepEqual(found('"out of"'), [[2], '']);
});

test('what is not understood is said, and the rest still counts', () => {
  assert.deepEqual(found('nothing > 3 rate < 0.05'), [[3], 'There is no nothing.']);
  assert.deepEqual(found('rate <'), [[1, 2, 3], 'rate < has no value behind it.']);
  assert.deepEqual(found('adam < 3'), [[1, 2, 3], 'There is no adam.']);
  assert.deepEqual(found('> 3')[1], '> has no name before it.');
});

test('a CSV file keeps whole numbers and quotes what needs it', () => {
  const [head, first, , third] = toCsv(trials, 'accuracy', ['rate', 'optimizer']).split('\r\n');
  assert.equal(head, 'trial,state,accuracy,rate,optimizer,method,created_at,ended_at,reason');
  assert.match(first as string, /^1,COMPLETED,0\.91,0\.1,adam,,2026/);
  assert.match(third as string, /,"sgd, nesterov",/);
  assert.match(toCsv([trial(1, 'FAILED', null, { reason: 'a "b"\nc' })], 'x', []), /"a ""b""\nc"\r\n$/);
});

test('a JSON file holds the columns that are shown, and numbers that JSON has not as words', () => {
  const file = JSON.parse(toJson([trial(1, 'COMPLETED', NaN, { params: { a: 1, b: 2 } })], ['b'])) as {
    trials: { value: unknown; params: object }[];
  };
  assert.deepEqual(file.trials[0]?.params, { b: 2 });
  assert.equal(file.trials[0]?.value, 'NaN');
});

test('studies are sorted either way, those without a value last', () => {
  const studies = [
    study({ id: 'a', name: 'Beta', best: { trial: 1, value: 2, params: {} } }),
    study({ id: 'b', name: 'alpha' }),
    study({ id: 'c', name: 'gamma', best: { trial: 1, value: 5, params: {} } }),
  ];
  const order = (by: 'name' | 'best', descending: boolean) =>
    sortStudies(studies, { by, descending })
      .map(({ id }) => id)
      .join('');
  assert.equal(order('name', false), 'bac');
  assert.equal(order('name', true), 'cab');
  assert.equal(order('best', false), 'acb');
  assert.equal(order('best', true), 'cab');
});
