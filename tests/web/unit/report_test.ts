// A page without a server: answers that stand in it, addresses that are fragments.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answerFrom, ApiError, getNext, getStudy, listTrials } from '../../../web/src/api/client';
import { hrefOf, navigate, route, startFragmentRouter } from '../../../web/src/router';
import { readReport } from '../../../web/src/store/report';

const study = { id: 'k3f', name: 'n', state: 'COMPLETED', state_reason: '', best: null, trial_counts: {}, seq: 1 };
const globals = globalThis as unknown as Record<string, unknown>;

test('the report stands in the page', () => {
  globals.document = {
    getElementById: (id: string) => (id === 'krige-report' ? { textContent: '{"study":"k"}' } : null),
  };
  assert.equal(readReport().study, 'k');
  delete globals.document;
});

test('what was recorded is answered, whatever the query, and nothing else', async () => {
  globals.fetch = () => assert.fail('a report asked the network');
  answerFrom({ '/studies/k3f': study, '/studies/k3f/trials': { trials: [], next_page_token: '' } });
  assert.equal((await getStudy('k3f')).name, 'n');
  const newest = { filter: '', order: 'id desc', size: 100, at: { offset: 0 } };
  assert.deepEqual((await listTrials('k3f', newest)).trials, []);
  await assert.rejects(getNext('k3f'), (error) => error instanceof ApiError && error.status === 404);
});

test('addresses are fragments', () => {
  globals.location = { hash: '', pathname: '/home/me/report.html' };
  globals.addEventListener = () => undefined;
  globals.history = {
    pushState: (_state: unknown, _title: string, href: string) =>
      Object.assign(globals.location as object, { hash: href }),
  };
  startFragmentRouter();
  assert.deepEqual(route.value, { page: 'studies' });
  const href = hrefOf({ page: 'study', study: 'a/b', trial: 3 });
  assert.equal(href, '#/studies/a%2Fb/trials/3');
  navigate(href);
  assert.deepEqual(route.value, { page: 'study', study: 'a/b', trial: 3 });
});
