import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Study } from '../../../web/src/api/types';
import { withFirstPage, withNextPage, withoutStudy, withStudy } from '../../../web/src/store/studies_state';
import { study } from './values';

const at = (id: string, minute: number, changes: Partial<Study> = {}): Study =>
  study({ id, created_at: `2026-01-31T12:${String(minute).padStart(2, '0')}:00.000Z`, ...changes });
const ids = ({ studies }: { studies: readonly Study[] }): string[] => studies.map(({ id }) => id);
const none = { studies: [], nextPageToken: '' };

test('the newest study comes first', () => {
  const data = [at('a', 1), at('c', 3), at('b', 2)].reduce(withStudy, none);
  assert.deepEqual(ids(data), ['c', 'b', 'a']);
});

test('an event leaves out the spec, and the known one stays', () => {
  const known = withStudy(none, at('a', 1));
  const { spec, ...event } = at('a', 1, { seq: 5, state: 'PAUSED' });
  const [changed] = withStudy(known, event).studies;
  assert.equal(changed?.state, 'PAUSED');
  assert.deepEqual(changed?.spec, spec);
});

test('a late answer does not undo an event', () => {
  const data = withStudy(none, at('a', 1, { seq: 9, state: 'STOPPED' }));
  assert.equal(withStudy(data, at('a', 1, { seq: 8, state: 'ACTIVE' })), data);
});

test('a deleted study disappears', () => {
  assert.deepEqual(ids(withoutStudy([at('a', 1), at('b', 2)].reduce(withStudy, none), 'a')), ['b']);
});

test('the first page read again drops what was deleted within it and keeps the older pages', () => {
  let data = withFirstPage(null, [at('d', 4), at('c', 3)], 'page2');
  data = withNextPage(data, [at('b', 2), at('a', 1)], '');
  const again = withFirstPage(data, [at('e', 5), at('d', 4)], 'page2');
  assert.deepEqual(ids(again), ['e', 'd', 'c', 'b', 'a']);
  assert.equal(again.nextPageToken, '');
  const withoutC = withFirstPage(data, [at('d', 4), at('b', 2)], 'page2');
  assert.deepEqual(ids(withoutC), ['d', 'b', 'a']);
  assert.deepEqual(ids(withFirstPage(data, [at('d', 4)], '')), ['d']);
  assert.deepEqual(ids(withFirstPage(data, [], '')), []);
});
