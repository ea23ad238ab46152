import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sortStudies } from '../../../web/src/store/studies_order';
import { study } from './values';

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
