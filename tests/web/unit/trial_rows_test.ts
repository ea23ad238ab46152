// The rows of the table against a server of functions.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { indexOf, pageSize, rowAt, TrialRows } from '../../../web/src/store/trial_rows';
import { FakeTimers } from './fake_timers';
import { trial } from './values';

const timers = new FakeTimers();
const realFetch = globalThis.fetch;
let asked: URLSearchParams[] = [];
let total = 0;
let broken = '';

async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

beforeEach(() => {
  timers.install();
  asked = [];
  total = 1000;
  broken = '';
  globalThis.fetch = async (url) => {
    const query = new URL(String(url), 'http://x').searchParams;
    asked.push(query);
    if (broken) return new Response(JSON.stringify({ detail: broken, code: 'invalid_argument' }), { status: 400 });
    const first = Number(query.get('offset') ?? query.get('page_token'));
    const end = Math.min(first + Number(query.get('page_size')), total);
    const trials = Array.from({ length: end - first }, (_, i) => trial(total - first - i, 'COMPLETED', 0.5));
    return new Response(
      JSON.stringify({ trials, next_page_token: end < total ? String(end) : '', seq: 1, total_size: total }),
    );
  };
});
afterEach(() => {
  timers.restore();
  globalThis.fetch = realFetch;
});

async function seeded(): Promise<TrialRows> {
  const rows = new TrialRows('s');
  const trials = Array.from({ length: pageSize }, (_, i) => trial(1000 - i, 'COMPLETED', 0.5));
  rows.seed({ trials, next_page_token: 'x', seq: 1, total_size: 1000 });
  return rows;
}

test('only what is in view is asked for, once', async () => {
  const rows = await seeded();
  rows.show(0, 30);
  assert.equal(asked.length, 0);
  rows.show(490, 520);
  rows.show(491, 521);
  await settled();
  assert.deepEqual(
    asked.map((query) => query.get('offset')),
    ['400', '500'],
  );
  assert.equal(rowAt(rows.rows.value, 499)?.id, 501);
  assert.equal(rowAt(rows.rows.value, 200), undefined);
  assert.equal(indexOf(rows.rows.value, 501), 499);
  assert.equal(indexOf(rows.rows.value, 800), -1);
});

test('another filter or order is the server’s; the rows before stay until it has answered', async () => {
  const rows = await seeded();
  total = 3;
  rows.ask({ filter: 'accuracy > 0.9', order: 'value desc' });
  assert.equal(rows.rows.value.total, 1000);
  await settled();
  assert.equal(rows.rows.value.total, 3);
  assert.equal(asked.at(-1)?.get('filter'), 'accuracy > 0.9');
  assert.equal(asked.at(-1)?.get('order_by'), 'value desc');
});

test('what the server does not understand is said, and the rows stay', async () => {
  const rows = await seeded();
  broken = 'there is no nothing';
  rows.ask({ filter: 'nothing = 3', order: 'id desc' });
  await settled();
  assert.equal(rows.error.value, 'there is no nothing');
  assert.equal(rows.rows.value.total, 1000);
  broken = '';
  rows.ask({ filter: '', order: 'id desc' });
  await settled();
  assert.equal(rows.error.value, '');
});

test('a trial that changes does so at once where it stands; the server says later where it belongs', async () => {
  const rows = await seeded();
  rows.show(0, 30);
  rows.changed([trial(999, 'FAILED'), trial(1001, 'RUNNING')]);
  assert.equal(rowAt(rows.rows.value, 1)?.state, 'FAILED');
  total = 1001;
  for (let i = 0; i < 5; i += 1) rows.changed([trial(998, 'FAILED')]);
  timers.tick(400);
  await settled();
  assert.equal(asked.length, 1, 'many changes are one question');
  assert.equal(rows.rows.value.total, 1001);
  assert.equal(rowAt(rows.rows.value, 0)?.id, 1001);
});

test('a file has every row, page after page', async () => {
  const rows = await seeded();
  total = 2500;
  const ids: number[] = [];
  for await (const { trials } of rows.all(new AbortController().signal)) ids.push(...trials.map(({ id }) => id));
  assert.equal(ids.length, 2500);
  assert.equal(asked.length, 3);
  assert.equal(new Set(ids).size, 2500);
});
