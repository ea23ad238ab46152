import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hrefOf, parseRoute } from '../../../web/src/router';

test('each page has an address that leads back to it', () => {
  const routes = [
    { page: 'studies' },
    { page: 'study', study: 'k3f', trial: null },
    { page: 'study', study: 'a/b ü', trial: 12 },
    { page: 'trial', study: 'a/b ü', trial: 12 },
    { page: 'model', study: 'k3f', trial: null },
    { page: 'model', study: 'a/b ü', trial: 7 },
    { page: 'explore', study: 'k3f' },
    { page: 'compare', studies: ['k3f', 'a,b/ü'] },
    { page: 'compare_trials', study: 'a/b ü', trials: [3, 12] },
  ] as const;
  for (const route of routes) assert.deepEqual(parseRoute(hrefOf(route)), route);
});

test('what is no page is not found', () => {
  for (const path of [
    '/nothing',
    '/studies/a/trials',
    '/studies/a/trials/0',
    '/studies/a/model/0',
    '/studies/a/explore/1',
    '/studies/a/trials/x',
    '/studies/a/b/1/2',
    '/studies/a/trials/1/log',
    '/studies/a/trials/x/details',
    '/studies/a/model/1/details',
    '/studies/a/trials/1/details/2',
    '/studies/%E0%A4',
    '/studies/a/compare',
    '/studies/a/compare/1,',
    '/studies/a/compare/0',
    '/compare',
    '/compare/a,%E0%A4',
  ]) {
    assert.deepEqual(parseRoute(path), { page: 'not_found' }, path);
  }
});

test('slashes at the end do not matter', () => {
  assert.deepEqual(parseRoute('/studies/'), { page: 'studies' });
  assert.deepEqual(parseRoute('/studies/a/'), { page: 'study', study: 'a', trial: null });
});
