import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Spec } from '../../../web/src/api/types';
import { axisType, completePoint, indexAmong } from '../../../web/src/store/space';

const spec: Spec = {
  parameters: {
    rate: { type: 'float', min: 1e-4, max: 1, scale: 'log' },
    optimizer: { type: 'categorical', values: ['sgd', 'momentum', 'nesterov'] },
    momentum: { type: 'float', min: 0, max: 0.9, when: { optimizer: ['momentum', 'nesterov'] } },
    warm: { type: 'int', min: 0, max: 10, step: 5, when: { momentum: 0.45 } },
    note: { type: 'fixed', value: 3 },
  },
};

test('a point is completed with what becomes active, and loses what no longer is', () => {
  const plain = completePoint(spec, { rate: 0.5, optimizer: 'sgd', momentum: 0.3, note: 3 });
  assert.deepEqual(plain, { rate: 0.5, optimizer: 'sgd', note: 3 });
  const heavy = completePoint(spec, { ...plain, optimizer: 'nesterov' });
  assert.deepEqual(heavy, { rate: 0.5, optimizer: 'nesterov', momentum: 0.45, warm: 5, note: 3 });
});

test('what is missing stands in the middle of its own scale', () => {
  const point = completePoint(spec, {});
  assert.ok(Math.abs((point['rate'] as number) - 0.01) < 1e-12);
  assert.equal(point['optimizer'], 'sgd');
});

test('conditions in a circle activate nothing and end', () => {
  const circle: Spec = {
    parameters: { a: { values: [1], when: { b: 1 } }, b: { values: [1], when: { a: 1 } } },
  };
  assert.deepEqual(completePoint(circle, { a: 1, b: 1 }), {});
});

test('a number among values has a fractional index on their scale', () => {
  assert.equal(indexAmong([0, 1, 2], 1.5, false), 1.5);
  assert.ok(Math.abs((indexAmong([0.01, 0.1, 1], Math.sqrt(0.001), true) as number) - 0.5) < 1e-12);
  assert.equal(indexAmong([0, 1, 2], 2, false), 2);
  assert.equal(indexAmong([0, 1, 2], 9, false), 2);
  assert.equal(indexAmong([0, 1, 2], -9, false), 0);
  assert.equal(indexAmong(['a', 'b'], 'b', false), 1);
  assert.equal(indexAmong(['a', 'b'], 'c', false), null);
});

test('axes are logarithmic where the parameter is', () => {
  assert.equal(axisType(spec.parameters?.['rate']), 'log');
  assert.equal(axisType(spec.parameters?.['momentum']), 'value');
  assert.equal(axisType(spec.parameters?.['optimizer']), 'category');
  assert.equal(axisType({ type: 'ordinal', values: [1, 2, 4] }), 'category');
});
