import assert from 'node:assert/strict';
import { test } from 'node:test';
import { may, session } from '../../../web/src/store/session';

const rights = (role: string) => {
  session.value = { name: 'ann', role };
  return [may('viewer'), may('operator'), may('admin')];
};

test('a role may what the smaller ones may', () => {
  assert.deepEqual(rights('viewer'), [true, false, false]);
  assert.deepEqual(rights('operator'), [true, true, false]);
  assert.deepEqual(rights('admin'), [true, true, true]);
});

test('before it is known who asks nothing is offered; where it cannot be known the server decides', () => {
  session.value = null;
  assert.equal(may('viewer'), false);
  assert.deepEqual(rights(''), [true, true, true]);
});
