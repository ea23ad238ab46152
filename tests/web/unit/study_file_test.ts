import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Spec } from '../../../web/src/api/types';
import {
  addParameter,
  changeParameter,
  readValues,
  renameParameter,
  toYaml,
  withType,
} from '../../../web/src/store/study_file';

const spec = {
  name: 'my study: 1',
  metric: { name: 'loss', goal: 'minimize' },
  parameters: {
    rate: { type: 'float', min: 1e-4, max: 1, scale: 'log' },
    kind: { type: 'categorical', values: ['yes', 'a b', 3, true] },
  },
  budget: { max_trials: 40 },
} satisfies Spec & { name: string };

test('a file is written so that it can be read: a line a parameter, and quotes where words are something else', () => {
  assert.equal(
    toYaml(spec),
    `name: "my study: 1"
metric: {name: loss, goal: minimize}
parameters:
  rate: {type: float, min: 0.0001, max: 1, scale: log}
  kind: {type: categorical, values: ["yes", "a b", 3, true]}
budget: {max_trials: 40}
`,
  );
  assert.equal(toYaml({ parameters: {} }), 'parameters: {}\n');
});

test('a parameter by another name stays where it is, and takes no other’s', () => {
  assert.deepEqual(Object.keys(renameParameter(spec, 'rate', 'lr').parameters ?? {}), ['lr', 'kind']);
  assert.equal(renameParameter(spec, 'rate', 'kind'), spec);
  assert.equal(renameParameter(spec, 'rate', ''), spec);
});

test('parameters come and go', () => {
  assert.deepEqual(Object.keys(changeParameter(spec, 'rate', null).parameters ?? {}), ['kind']);
  const [, , added] = Object.keys(addParameter(spec).parameters ?? {});
  assert.equal(added, 'parameter_3');
  const again = addParameter(addParameter(changeParameter(addParameter(spec), 'rate', null)));
  assert.equal(new Set(Object.keys(again.parameters ?? {})).size, 4);
});

test('another type keeps what it can of the parameter', () => {
  const when = { kind: 'a' };
  assert.deepEqual(withType({ type: 'float', min: 0.2, max: 0.4, when }, 'int'), { type: 'int', min: 0, max: 1, when });
  assert.deepEqual(withType({ type: 'categorical', values: ['x'] }, 'ordinal'), { type: 'ordinal', values: ['x'] });
  assert.deepEqual(withType({ type: 'categorical', values: ['x'] }, 'float'), { type: 'float', min: 0, max: 1 });
});

test('values are what they look like', () => {
  assert.deepEqual(readValues('adam, 3, true, , 1e-3'), ['adam', 3, true, 0.001]);
});
