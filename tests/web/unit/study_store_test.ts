// The store against a server of functions: fetch and EventSource are replaced, time is the test's.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { retryDelayMs } from '../../../web/src/api/stream';
import { StudyStore } from '../../../web/src/store/study_store';
import { FakeEventSource, lastStream } from './fake_event_source';
import { FakeTimers } from './fake_timers';
import { history, study, trial } from './values';

const timers = new FakeTimers();
const server = new Map<string, unknown>();
let asked: string[] = [];
const realFetch = globalThis.fetch;
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const followed = (after: number): string => `/api/v1/events?others=false&study=s%3A${after}`;
const event = (type: string, seq: number, changed: object) =>
  ['study_event', { study: 's', event: { type, seq, trial: changed } }] as const;

async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await settle();
}

beforeEach(() => {
  timers.install();
  FakeEventSource.all = [];
  asked = [];
  server.clear();
  server.set('/api/v1/studies/s', study({ id: 's', seq: 10 }));
  server.set('/api/v1/studies/s/trials', {
    trials: [trial(1, 'RUNNING')],
    next_page_token: '',
    seq: 11,
    total_size: 1,
  });
  server.set('/api/v1/studies/s/history', { ...history(), seq: 12 });
  Object.assign(globalThis, {
    EventSource: FakeEventSource,
    fetch: async (url: string) => {
      const path = url.split('?')[0] as string;
      asked.push(path);
      const body = server.get(path);
      return new Response(JSON.stringify(body ?? { detail: 'no such study' }), { status: body ? 200 : 404 });
    },
  });
});

afterEach(() => {
  timers.tick(10_000); // the connection outlives the last page a little
  timers.restore();
  globalThis.fetch = realFetch;
});

test('reads the study, then follows its events from its number, many in one change', async () => {
  const store = new StudyStore('s');
  await settled();
  const stream = lastStream();
  assert.equal(stream.url, followed(10));
  stream.onopen?.();
  assert.equal(store.connection.value, 'live');
  let changes = -1;
  store.data.subscribe(() => {
    changes += 1;
  });
  stream.send(...event('TRIAL_STATE_CHANGED', 12, trial(1, 'COMPLETED', 0.5)));
  stream.send(...event('TRIAL_CREATED', 13, trial(2, 'RUNNING')));
  timers.tick(50);
  assert.equal(changes, 1);
  assert.deepEqual(store.data.value?.history.completed, [], 'the history of number 12 has it');
  stream.send('study', study({ id: 's', seq: 13, best: { trial: 1, value: 0.5, params: {} } }));
  assert.equal(store.data.value?.study.best?.value, 0.5);
  assert.equal(store.data.value?.trials.length, 2);
  store.close();
  timers.tick(1000);
  assert.equal(stream.closed, true);
});

test('a lost connection is opened anew from the last event seen', async () => {
  const store = new StudyStore('s');
  await settled();
  lastStream().onopen?.();
  lastStream().send(...event('TRIAL_CREATED', 20, trial(2, 'RUNNING')));
  timers.tick(50);
  lastStream().onerror?.();
  assert.equal(store.connection.value, 'retrying');
  timers.tick(retryDelayMs(1));
  await settled();
  assert.equal(FakeEventSource.all.length, 2);
  assert.equal(lastStream().url, followed(20));
  lastStream().onopen?.();
  assert.equal(store.connection.value, 'live');
  store.close();
});

test('where streams are refused, the server is asked for the events instead', async () => {
  const store = new StudyStore('s');
  await settled();
  const created = { type: 'TRIAL_CREATED', seq: 30, trial: trial(2, 'RUNNING') };
  server.set('/api/v1/studies/s/events', { events: [created], seq: 30, reset: false });
  server.set('/api/v1/studies/s', study({ id: 's', seq: 30, state: 'PAUSED' }));
  for (const failures of [1, 2]) {
    lastStream().onerror?.();
    timers.tick(retryDelayMs(failures));
    await settled();
  }
  timers.tick(50);
  assert.equal(store.connection.value, 'polling');
  assert.equal(store.data.value?.study.state, 'PAUSED');
  assert.equal(store.data.value?.trials.length, 2);
  assert.equal(lastStream().url, followed(30), 'a stream may have become free');
  store.close();
});

test('a stream that never opens is given up', async () => {
  const store = new StudyStore('s');
  await settled();
  const first = lastStream();
  timers.tick(10_000);
  assert.equal(first.closed, true);
  assert.equal(store.connection.value, 'retrying');
  store.close();
});

test('a reset reads the study again and goes on from its new number', async () => {
  const store = new StudyStore('s');
  await settled();
  const first = lastStream();
  first.onopen?.();
  server.set('/api/v1/studies/s', study({ id: 's', seq: 500 }));
  server.set('/api/v1/studies/s/trials', {
    trials: [trial(1, 'COMPLETED', 0.3), trial(2, 'RUNNING')],
    next_page_token: '',
    seq: 500,
    total_size: 2,
  });
  server.set('/api/v1/studies/s/history', { ...history(), seq: 500 });
  first.send('study_reset', { study: 's', seq: 500 });
  await settled();
  assert.equal(store.data.value?.trials.length, 2);
  assert.equal(store.data.value?.seq, 500);
  first.send(...event('TRIAL_CREATED', 501, trial(3, 'RUNNING')));
  timers.tick(50);
  assert.equal(store.data.value?.trials.length, 3, 'the stream goes on from there');
  store.close();
});

test('of many trials the first view asks for a page; the newest are met later, the best by itself', async () => {
  const answer = globalThis.fetch;
  const sizes: string[] = [];
  globalThis.fetch = async (url, options) => {
    const size = /page_size=(\d+)/.exec(String(url))?.[1];
    if (size === undefined) return answer(url, options);
    sizes.push(size);
    const trials = Array.from({ length: Number(size) }, (_, i) => trial(5000 - i, 'COMPLETED', 0));
    return new Response(JSON.stringify({ trials, next_page_token: 'x', seq: 11, total_size: 5000 }));
  };
  server.set('/api/v1/studies/s', study({ id: 's', seq: 10, best: { trial: 7, value: 1, params: {} } }));
  server.set('/api/v1/studies/s/trials/7', { ...trial(7, 'COMPLETED', 1), records: [] });
  const store = new StudyStore('s');
  await settled();
  assert.deepEqual(sizes, ['100']);
  timers.tick(1000);
  await settled();
  assert.deepEqual(sizes, ['100', '1000']);
  assert.equal(store.data.value?.trials.length, 1001);
  assert.equal(store.data.value?.trials[0]?.id, 7);
  assert.equal(store.rows.rows.value.total, 5000);
  store.close();
});

test('a study that does not exist is said to be missing, and is not asked for again', async () => {
  const store = new StudyStore('other');
  await settled();
  assert.equal(store.notFound.value, true);
  timers.tick(60_000);
  await settled();
  const other = '/api/v1/studies/other';
  assert.deepEqual(asked, [other, `${other}/trials`, `${other}/history`]);
  assert.equal(FakeEventSource.all.length, 0);
  store.close();
});

test('a refused action shows the words of the server', async () => {
  const store = new StudyStore('s');
  await settled();
  await store.act('pause');
  assert.equal(store.actionError.value, 'no such study');
  assert.equal(store.pendingAction.value, null);
  store.close();
});

test('delays between tries grow to a limit', () => {
  assert.deepEqual([1, 2, 3, 10].map(retryDelayMs), [500, 1000, 2000, 15_000]);
});
