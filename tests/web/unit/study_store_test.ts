// The store against a server of functions: fetch and EventSource are replaced, time is the test's.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { retryDelayMs } from '../../../web/src/api/stream';
import { StudyStore } from '../../../web/src/store/study_store';
import { FakeTimers } from './fake_timers';
import { study, trial } from './values';

class FakeEventSource {
  static all: FakeEventSource[] = [];
  onopen: (() => void) | null = null;
  onerror: (() => void) | null = null;
  closed = false;
  private readonly listeners = new Map<string, (event: { data: string }) => void>();
  constructor(readonly url: string) {
    FakeEventSource.all.push(this);
  }
  addEventListener(type: string, listener: (event: { data: string }) => void): void {
    this.listeners.set(type, listener);
  }
  close(): void {
    this.closed = true;
  }
  send(type: string, data: object): void {
    this.listeners.get(type)?.({ data: JSON.stringify({ type, ...data }) });
  }
}

const timers = new FakeTimers();
const server = new Map<string, unknown>();
let asked: string[] = [];
const realFetch = globalThis.fetch;
const lastStream = (): FakeEventSource => FakeEventSource.all.at(-1) as FakeEventSource;
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await settle();
}

beforeEach(() => {
  timers.install();
  FakeEventSource.all = [];
  asked = [];
  server.clear();
  server.set('/api/v1/studies/s', study({ id: 's', seq: 10 }));
  server.set('/api/v1/studies/s/trials', { trials: [trial(1, 'RUNNING')], next_page_token: '', seq: 11 });
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
  timers.restore();
  globalThis.fetch = realFetch;
});

test('reads the study, then follows its events from its number, many in one change', async () => {
  const store = new StudyStore('s');
  await settled();
  const stream = lastStream();
  assert.equal(stream.url, '/api/v1/studies/s/events?after=10');
  stream.onopen?.();
  assert.equal(store.connection.value, 'live');
  let changes = -1;
  store.data.subscribe(() => {
    changes += 1;
  });
  stream.send('TRIAL_STATE_CHANGED', { seq: 12, trial: trial(1, 'COMPLETED', 0.5) });
  stream.send('TRIAL_CREATED', { seq: 13, trial: trial(2, 'RUNNING') });
  timers.tick(50);
  assert.equal(changes, 1);
  assert.equal(store.data.value?.study.best?.value, 0.5);
  assert.equal(store.data.value?.trials.length, 2);
  store.close();
  assert.equal(stream.closed, true);
});

test('a lost connection is opened anew from the last event seen', async () => {
  const store = new StudyStore('s');
  await settled();
  lastStream().onopen?.();
  lastStream().send('TRIAL_CREATED', { seq: 20, trial: trial(2, 'RUNNING') });
  timers.tick(50);
  lastStream().onerror?.();
  assert.equal(store.connection.value, 'retrying');
  timers.tick(retryDelayMs(1));
  await settled();
  assert.equal(FakeEventSource.all.length, 2);
  assert.equal(lastStream().url, '/api/v1/studies/s/events?after=20');
  lastStream().onopen?.();
  assert.equal(store.connection.value, 'live');
  store.close();
});

test('where streams are refused, the study is read again before each try', async () => {
  const store = new StudyStore('s');
  await settled();
  server.set('/api/v1/studies/s', study({ id: 's', seq: 30, state: 'PAUSED' }));
  for (const failures of [1, 2]) {
    lastStream().onerror?.();
    timers.tick(retryDelayMs(failures));
    await settled();
  }
  assert.equal(store.data.value?.study.state, 'PAUSED');
  assert.equal(lastStream().url, '/api/v1/studies/s/events?after=30');
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
  });
  first.send('reset', { seq: 500 });
  await settled();
  assert.equal(store.data.value?.trials.length, 2);
  assert.equal(first.closed, true);
  assert.equal(lastStream().url, '/api/v1/studies/s/events?after=500');
  store.close();
});

test('every page of the trials is read', async () => {
  let page = 0;
  const pages = [
    { trials: [trial(1, 'COMPLETED', 1)], next_page_token: 'p2', seq: 11 },
    { trials: [trial(2, 'COMPLETED', 2)], next_page_token: '', seq: 12 },
  ];
  const answer = globalThis.fetch;
  globalThis.fetch = async (url, options) =>
    String(url).includes('/trials?') ? new Response(JSON.stringify(pages[page++])) : answer(url, options);
  const store = new StudyStore('s');
  await settled();
  assert.deepEqual(
    store.data.value?.trials.map(({ id }) => id),
    [1, 2],
  );
  store.close();
});

test('a study that does not exist is said to be missing, and is not asked for again', async () => {
  const store = new StudyStore('other');
  await settled();
  assert.equal(store.notFound.value, true);
  timers.tick(60_000);
  await settled();
  assert.deepEqual(asked, ['/api/v1/studies/other']);
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
