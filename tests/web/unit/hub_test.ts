// One connection for several tabs: EventSource and fetch are replaced, time is the test's.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { Hub, type Told } from '../../../web/src/api/hub';
import { FakeEventSource, lastStream } from './fake_event_source';
import { FakeTimers } from './fake_timers';
import { study } from './values';

const timers = new FakeTimers();
const realFetch = globalThis.fetch;
const event = (seq: number, of = 's') =>
  ['study_event', { study: of, event: { type: 'SURROGATE_FITTED', seq } }] as const;

class FakeTab {
  heard: Told[] = [];
  tell = (told: Told): void => void this.heard.push(told);
  // Numbers of the events that it was told.
  events(): number[] {
    return this.heard.flatMap((told) => (told.kind === 'event' ? [told.event.seq] : []));
  }
  kinds(): string[] {
    return this.heard.map(({ kind }) => kind);
  }
  connection(): string | undefined {
    return this.heard.flatMap((told) => (told.kind === 'connection' ? [told.connection] : [])).at(-1);
  }
}
const follow = (after: number, id = 's') => ({ list: false, studies: [{ id, after }] });
const list = { list: true, studies: [] };
let hub: Hub;

beforeEach(() => {
  timers.install();
  FakeEventSource.all = [];
  Object.assign(globalThis, { EventSource: FakeEventSource });
  hub = new Hub();
});
afterEach(() => {
  timers.restore();
  globalThis.fetch = realFetch;
});

test('eight tabs of one study have one connection, and each hears everything once', () => {
  const tabs = Array.from({ length: 8 }, () => new FakeTab());
  for (const tab of tabs) hub.wish(tab, follow(10));
  assert.equal(FakeEventSource.all.length, 1);
  lastStream().onopen?.();
  for (const seq of [11, 12, 12, 13]) lastStream().send(...event(seq));
  for (const tab of tabs) {
    assert.deepEqual(tab.events(), [11, 12, 13]);
    assert.equal(tab.connection(), 'live');
  }
});

test('a tab whose snapshot is older than the stream is caught up without a gap', () => {
  const [first, late] = [new FakeTab(), new FakeTab()];
  hub.wish(first, follow(10));
  for (const seq of [11, 12, 13]) lastStream().send(...event(seq));
  hub.wish(late, follow(11));
  lastStream().send(...event(14));
  assert.deepEqual(late.events(), [12, 13, 14]);
  assert.deepEqual(first.events(), [11, 12, 13, 14]);
});

test('a tab that is further behind than what is kept reads the study again', () => {
  const [first, late] = [new FakeTab(), new FakeTab()];
  hub.wish(first, follow(10));
  hub.wish(late, follow(9));
  assert.ok(late.kinds().includes('reset'));
  for (let seq = 11; seq < 3000; seq += 1) lastStream().send(...event(seq));
  const later = new FakeTab();
  hub.wish(later, follow(11));
  assert.ok(later.kinds().includes('reset'), 'the oldest are forgotten');
  assert.deepEqual(later.events(), []);
});

test('a further study opens the one stream anew, from where each one is', () => {
  const [one, two] = [new FakeTab(), new FakeTab()];
  hub.wish(one, follow(10));
  lastStream().send(...event(11));
  const old = lastStream();
  hub.wish(two, follow(5, 't'));
  assert.equal(old.closed, true);
  assert.equal(lastStream().url, '/api/v1/events?others=false&study=s%3A11&study=t%3A5');
  lastStream().send(...event(12));
  lastStream().send(...event(6, 't'));
  assert.deepEqual([one.events(), two.events()], [[11, 12], [6]]);
});

test('the list hears of every study, a study of itself', () => {
  const [overview, one] = [new FakeTab(), new FakeTab()];
  hub.wish(overview, list);
  hub.wish(one, follow(1));
  assert.match(lastStream().url, /others=true/);
  lastStream().onopen?.();
  assert.ok(overview.kinds().includes('list'), 'what changed before is read');
  lastStream().send('study', study({ id: 's' }));
  lastStream().send('study', study({ id: 'other' }));
  lastStream().send('study_deleted', { id: 'other' });
  assert.deepEqual(overview.kinds().slice(-3), ['study', 'study', 'deleted']);
  assert.equal(one.kinds().filter((kind) => kind === 'study').length, 1);
});

test('a tab that leaves takes nothing from the others, and the last one closes the stream', () => {
  const [one, two] = [new FakeTab(), new FakeTab()];
  hub.wish(one, follow(10));
  hub.wish(two, follow(10));
  hub.leave(one);
  timers.tick(1000);
  lastStream().send(...event(11));
  assert.deepEqual([one.events(), two.events()], [[], [11]]);
  assert.equal(FakeEventSource.all.length, 1);
  hub.leave(two);
  timers.tick(1000);
  assert.equal(lastStream().closed, true);
  hub.wish(two, follow(11));
  assert.equal(FakeEventSource.all.length, 2);
});

test('what nobody looks at any more is no longer asked for', () => {
  const [one, two] = [new FakeTab(), new FakeTab()];
  hub.wish(one, follow(10));
  hub.wish(two, follow(1, 't'));
  hub.leave(two);
  timers.tick(1000);
  assert.equal(lastStream().url, '/api/v1/events?others=false&study=s%3A10');
});

test('a stream that breaks off is opened anew after the last event', () => {
  const tab = new FakeTab();
  hub.wish(tab, follow(10));
  lastStream().onopen?.();
  lastStream().send(...event(11));
  lastStream().onerror?.();
  assert.equal(tab.connection(), 'retrying');
  timers.tick(500);
  assert.equal(lastStream().url, '/api/v1/events?others=false&study=s%3A11');
  lastStream().onopen?.();
  assert.equal(tab.connection(), 'live');
});

test('a tab that comes is a reason to try again at once', () => {
  hub.wish(new FakeTab(), follow(10));
  lastStream().onerror?.();
  hub.wish(new FakeTab(), follow(10));
  assert.equal(FakeEventSource.all.length, 2);
  timers.tick(500);
  assert.equal(FakeEventSource.all.length, 2, 'the try that was due is this one');
});

test('where streams are refused the server is asked every two seconds, page after page', async () => {
  const pages = [
    { events: [{ type: 'SURROGATE_FITTED', seq: 11 }], seq: 12, reset: false },
    { events: [{ type: 'SURROGATE_FITTED', seq: 12 }], seq: 12, reset: false },
    { events: [], seq: 12, reset: false },
  ];
  const asked: string[] = [];
  globalThis.fetch = async (url) => {
    asked.push(String(url));
    return new Response(JSON.stringify(String(url).includes('/events') ? pages.shift() : study({ id: 's', seq: 12 })));
  };
  const tab = new FakeTab();
  hub.wish(tab, follow(10));
  const refused = async (ms: number) => {
    lastStream().onerror?.();
    timers.tick(ms);
    for (let turn = 0; turn < 30; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  };
  await refused(500); // perhaps the server only restarts
  await refused(1000);
  assert.deepEqual(asked.slice(0, 2), ['/api/v1/studies/s/events?after=10', '/api/v1/studies/s/events?after=11']);
  assert.deepEqual(tab.events(), [11, 12]);
  assert.equal(tab.connection(), 'polling');
  await refused(2000);
  assert.equal(asked.filter((url) => url.includes('/events')).length, 3);
  assert.deepEqual(tab.events(), [11, 12], 'nothing comes twice');
});
