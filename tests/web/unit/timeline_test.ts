import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Attempt, AttemptState, Trial } from '../../../web/src/api/types';
import {
  barsOf,
  describeTimeline,
  moved,
  timelineOf,
  timelineOption,
  tooltipOf,
  zoomed,
} from '../../../web/src/charts/timeline';
import { palette } from './palette';
import { trial } from './values';

const begin = Date.parse('2026-01-31T12:00:00.000Z');
const at = (seconds: number): string => new Date(begin + 1000 * seconds).toISOString();

function attempt(id: number, state: AttemptState, from: number, to: number | null, worker = 'local'): Attempt {
  return { id, state, worker, reason: '', started_at: at(from), ended_at: to === null ? null : at(to) };
}
const tried = (id: number, ...attempts: Attempt[]): Trial => trial(id, 'COMPLETED', 1, { attempts });

test('attempts of a worker that overlap have a lane each, and one lane otherwise', () => {
  const trials = [
    tried(1, attempt(1, 'SUCCEEDED', 0, 10)),
    tried(2, attempt(1, 'SUCCEEDED', 4, 8)),
    tried(3, attempt(1, 'SUCCEEDED', 8, 12)),
    tried(4, attempt(1, 'RUNNING', 12, null, 'gpu')),
  ];
  const { lanes, from, to } = timelineOf(trials, begin + 20_000);
  assert.deepEqual(
    lanes.map(({ label, spans }) => [label, spans.map((span) => span.trial)]),
    [
      ['gpu', [4]],
      ['local 1', [1]],
      ['local 2', [2, 3]],
    ],
  );
  assert.deepEqual([from - begin, to - begin], [0, 20_000], 'what runs goes until now');
});

test('nothing has begun, or one attempt in no time at all', () => {
  const none = timelineOf([trial(1, 'WAITING')], begin);
  assert.deepEqual([none.lanes, none.spans], [[], []]);
  const one = timelineOf([tried(1, attempt(1, 'FAILED', 3, 3))], begin);
  assert.equal(barsOf(one.lanes, [one.from, one.to], 800).length, 1);
});

test('retries and lost attempts are told in words, and by more than a colour', () => {
  const { lanes, spans, ...rest } = timelineOf(
    [tried(1, attempt(1, 'LOST', 0, 300), attempt(2, 'SUCCEEDED', 300, 600)), tried(2, attempt(1, 'FAILED', 600, 900))],
    begin,
  );
  assert.equal(
    describeTimeline({ lanes, spans, ...rest }),
    '3 attempts at 2 trials in 1 lane: 0 running, 1 failed, 1 lost, 1 further attempts at a trial.',
  );
  const bars = barsOf(lanes, [rest.from, rest.to], 900);
  assert.deepEqual(
    bars.map(({ lost, failed, again }) => [lost, failed, again]),
    [
      [1, 0, 0],
      [0, 0, 1],
      [0, 1, 0],
    ],
  );
  const [series] = timelineOption(lanes, bars, [rest.from, rest.to], palette).series as never as [
    {
      renderItem: (
        params: object,
        api: object,
      ) => { children: { type: string; style: { text?: string; lineDash?: number[] } }[] };
    },
  ];
  const shapes = bars.map((_, dataIndex) => {
    const params = { dataIndex, coordSys: { x: 0, y: 0, width: 900, height: 24 } };
    return series.renderItem(params, { coord: ([time]: number[]) => [((time as number) - rest.from) / 1000, 12] })
      .children;
  });
  assert.ok(shapes[0]?.[0]?.style.lineDash, 'lost: dashed');
  assert.equal(shapes[0]?.[1]?.type, 'path', 'lost: a cross');
  assert.equal(shapes[1]?.[1]?.style.text, '2', 'the second attempt bears its number');
  assert.equal(shapes[2]?.[1]?.type, 'path', 'failed: a cross');
  assert.match(tooltipOf(bars[1] as never), /^trial 1, attempt 2\nSucceeded, 5 min 00 s/);
});

test('ten thousand attempts are no more bars than pixels have room for, and none is forgotten', () => {
  const trials = Array.from({ length: 10_000 }, (_, i) =>
    tried(i + 1, attempt(1, i % 100 === 7 ? 'LOST' : 'SUCCEEDED', 10 * (i >> 3), 10 * (i >> 3) + 9, `w${i % 8}`)),
  );
  const timeline = timelineOf(trials, begin);
  const window = [timeline.from, timeline.to] as const;
  const bars = barsOf(timeline.lanes, window, 800);
  assert.equal(timeline.lanes.length, 8);
  assert.ok(bars.length >= (8 * 800) / 30 && bars.length <= (8 * 800) / 5, `${bars.length} bars`);
  assert.equal(
    bars.reduce((sum, { count }) => sum + count, 0),
    10_000,
  );
  assert.equal(
    bars.reduce((sum, { lost }) => sum + lost, 0),
    100,
  );
  assert.match(tooltipOf(bars.find(({ lost }) => lost > 0) as never), /attempts, a click looks closer\n.*\n\d+ lost/);

  // Looked at closely they are single again.
  const close = barsOf(timeline.lanes, [begin + 100_000, begin + 200_000], 800);
  assert.ok(close.every(({ count }) => count === 1));
  assert.ok(close.length >= 80 && close.length <= 96, `${close.length}`);
});

test('a window stays within what there is, and all of it is no window', () => {
  const all = { from: 0, to: 100_000 };
  assert.deepEqual(zoomed([0, 100_000], 0.5, all), [25_000, 75_000]);
  assert.deepEqual(zoomed([0, 20_000], 0.5, all), [5_000, 15_000]);
  assert.equal(zoomed([25_000, 75_000], 2, all), null);
  assert.deepEqual(zoomed([100, 200], 0.5, all), [0, 1000], 'no closer than a second');
  assert.deepEqual(moved([10_000, 30_000], -1, all), [0, 20_000]);
  assert.deepEqual(moved([70_000, 90_000], 1, all), [80_000, 100_000]);
});
