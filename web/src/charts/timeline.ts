// When which worker had which attempt: lanes of bars. Many thousands of attempts are drawn as far as they can be told
// apart; what is narrower than a few pixels stands together in one bar, which says how many they are.
import type { AttemptState, Trial } from '../api/types';
import { formatDuration, humanize } from '../format';
import type { Palette } from '../theme';
import { axisStyle, type ChartOption, fontFamily, tooltipStyle } from './style';

export type Kind = 'done' | 'running' | 'stopped' | 'failed' | 'lost';

export interface Span {
  trial: number;
  attempt: number;
  state: AttemptState;
  worker: string;
  reason: string;
  start: number; // milliseconds since the epoch
  end: number; // of a running one: now
}

export interface Lane {
  label: string;
  spans: readonly Span[]; // one after the other
}

export interface Timeline {
  lanes: readonly Lane[];
  from: number;
  to: number;
  spans: readonly Span[]; // by start
}

export type Window = readonly [from: number, to: number];

const kinds: Record<AttemptState, Kind> = {
  LAUNCHING: 'running',
  RUNNING: 'running',
  SUCCEEDED: 'done',
  FAILED: 'failed',
  TIMED_OUT: 'failed',
  LOST: 'lost',
  PREEMPTED: 'stopped',
  CANCELLED: 'stopped',
};
export const kindOf = (span: Pick<Span, 'state'>): Kind => kinds[span.state];

const hasStarted = (trial: Trial): boolean => trial.attempts.some(({ started_at }) => started_at);

export function spansOf(trials: readonly Trial[], now: number): Span[] {
  const spans = trials.filter(hasStarted).flatMap((trial) =>
    trial.attempts
      .filter(({ started_at }) => started_at)
      .map((attempt): Span => {
        const start = Date.parse(attempt.started_at as string);
        const end = attempt.ended_at ? Date.parse(attempt.ended_at) : now;
        const { id, state, worker = '', reason = '' } = attempt;
        return { trial: trial.id, attempt: id, state, worker, reason, start, end: Math.max(start, end) };
      }),
  );
  return spans.sort((a, b) => a.start - b.start);
}

// A worker that had several attempts at once has as many lanes: the first that is free takes the next.
export function timelineOf(trials: readonly Trial[], now: number): Timeline {
  const spans = spansOf(trials, now);
  const workers = new Map<string, Span[][]>();
  for (const span of spans) {
    const slots = workers.get(span.worker) ?? [];
    if (slots.length === 0) workers.set(span.worker, slots);
    const free = slots.find((slot) => (slot.at(-1) as Span).end <= span.start);
    if (free) free.push(span);
    else slots.push([span]);
  }
  const named = [...workers].sort(([a], [b]) => a.localeCompare(b, undefined, { numeric: true }));
  const lanes = named.flatMap(([worker, slots]) =>
    slots.map((slot, i): Lane => ({ label: slots.length > 1 ? `${worker} ${i + 1}` : worker, spans: slot })),
  );
  const to = spans.reduce((latest, { end }) => Math.max(latest, end), spans[0]?.start ?? now);
  return { lanes, spans, from: spans[0]?.start ?? now, to };
}

export interface Bar {
  lane: number;
  start: number;
  end: number;
  span: Span; // the only one, or the first of several
  count: number;
  failed: number;
  lost: number;
  again: number; // attempts after a trial's first
}

const leastPixels = 5; // below, an attempt cannot be pointed at
const gapPixels = 2; // below, nobody sees two
const mostPixels = 26; // of what stands together: so that it is seen where something was lost

function firstAfter(spans: readonly Span[], time: number): number {
  let [low, high] = [0, spans.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((spans[middle] as Span).end < time) low = middle + 1;
    else high = middle;
  }
  return low;
}

export function barsOf(lanes: readonly Lane[], [from, to]: Window, pixels: number): Bar[] {
  const perPixel = Math.max(to - from, 1) / pixels;
  const bars: Bar[] = [];
  lanes.forEach(({ spans }, lane) => {
    let last: Bar | null = null;
    for (let i = firstAfter(spans, from); i < spans.length; i += 1) {
      const span = spans[i] as Span;
      if (span.start > to) break;
      const narrow = span.end - span.start < leastPixels * perPixel;
      const together =
        last !== null &&
        narrow &&
        span.start - last.end < gapPixels * perPixel &&
        span.end - last.start < mostPixels * perPixel &&
        (last.count > 1 || last.end - last.start < leastPixels * perPixel);
      if (!together || last === null) {
        last = { lane, start: span.start, end: span.end, span, count: 0, failed: 0, lost: 0, again: 0 };
        bars.push(last);
      }
      last.end = Math.max(last.end, span.end);
      last.count += 1;
      if (kindOf(span) === 'failed') last.failed += 1;
      if (kindOf(span) === 'lost') last.lost += 1;
      if (span.attempt > 1) last.again += 1;
    }
  });
  return bars;
}

const count = (n: number, one: string, many = `${one}s`): string => `${n} ${n === 1 ? one : many}`;

export function describeTimeline({ lanes, spans }: Timeline): string {
  const trials = new Set(spans.map(({ trial }) => trial)).size;
  const of = (kind: Kind) => spans.filter((span) => kindOf(span) === kind).length;
  const again = spans.filter(({ attempt }) => attempt > 1).length;
  return (
    `${count(spans.length, 'attempt')} at ${count(trials, 'trial')} in ${count(lanes.length, 'lane')}: ` +
    `${of('running')} running, ${of('failed')} failed, ${of('lost')} lost, ${again} further attempts at a trial.`
  );
}

export function tooltipOf({ span, count: together, failed, lost, again, start, end }: Bar): string {
  if (together > 1) {
    const parts = [
      failed > 0 ? `${failed} failed` : '',
      lost > 0 ? `${lost} lost` : '',
      again > 0 ? count(again, 'further attempt') : '',
    ].filter(Boolean);
    return [`${together} attempts, a click looks closer`, `in ${formatDuration(end - start)}`, ...parts].join('\n');
  }
  const took = formatDuration(span.end - span.start);
  const head = `trial ${span.trial}${span.attempt > 1 ? `, attempt ${span.attempt}` : ''}`;
  return [head, `${humanize(span.state)}, ${took}`, span.worker, span.reason].filter(Boolean).join('\n');
}

export const laneHeight = 24;
export const chartFrame = 48; // above and below the lanes

interface Look {
  fill: string;
  stroke: string;
  dashed: boolean;
}

function lookOf(bar: Bar, palette: Palette): Look {
  const kind = kindOf(bar.span);
  if (bar.count > 1) return { fill: palette.faint, stroke: palette.faint, dashed: false };
  switch (kind) {
    case 'running':
      return { fill: palette.accent, stroke: palette.accent, dashed: false };
    case 'failed':
      return { fill: palette.bad, stroke: palette.bad, dashed: false };
    case 'lost':
      return { fill: palette.surface, stroke: palette.bad, dashed: true };
    case 'stopped':
      return { fill: palette.surface, stroke: palette.warn, dashed: false };
    case 'done':
      return { fill: palette.muted, stroke: palette.muted, dashed: false };
  }
}

interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

const glyph = 8; // pixels

// A cross for what failed or was lost, in the bar's middle.
function crossOf({ x, y, width, height }: Box, colour: string): object {
  const [cx, cy, half] = [x + width / 2, y + height / 2, glyph / 2 - 0.5];
  const d = `M${cx - half} ${cy - half}L${cx + half} ${cy + half}M${cx + half} ${cy - half}L${cx - half} ${cy + half}`;
  return { type: 'path', shape: { pathData: d }, style: { stroke: colour, lineWidth: 2, fill: 'none' }, silent: true };
}

// A bar that goes on points to the right.
function arrowOf({ x, y, width, height }: Box, colour: string): object {
  const [right, middle] = [x + width, y + height / 2];
  const points = [
    [right, y],
    [right + 6, middle],
    [right, y + height],
  ];
  return { type: 'polygon', shape: { points }, style: { fill: colour }, silent: true };
}

function labelOf(text: string, { x, y, height }: Box, colour: string): object {
  const style = {
    text,
    x: x + 4,
    y: y + height / 2,
    fill: colour,
    font: `600 11px ${fontFamily}`,
    textVerticalAlign: 'middle',
  };
  return { type: 'text', style, silent: true };
}

const textWidth = (text: string): number => 8 + 7 * text.length;

function drawn(bar: Bar, box: Box, palette: Palette): object {
  const { fill, stroke, dashed } = lookOf(bar, palette);
  const many = bar.count > 1;
  const hollow = fill === palette.surface;
  const children: object[] = [
    {
      type: 'rect',
      shape: { ...box, r: 2 },
      style: {
        fill,
        stroke,
        lineWidth: hollow ? 1.5 : 0,
        lineDash: dashed ? [3, 2] : undefined,
        opacity: many ? 0.75 : 1,
      },
    },
  ];
  const ink = hollow ? palette.text : palette.surface;
  const bad = bar.failed + bar.lost > 0;
  const text = many ? String(bar.count) : bar.span.attempt > 1 ? String(bar.span.attempt) : '';
  const fits = text !== '' && box.width >= textWidth(text) + (bad ? glyph + 4 : 0);
  if (fits) children.push(labelOf(text, box, ink));
  // What is too narrow for its mark has it on the upper edge.
  const room = fits ? { ...box, x: box.x + textWidth(text) - 4, width: box.width - textWidth(text) + 4 } : box;
  if (bad && room.width >= glyph + 2) children.push(crossOf(room, many ? palette.bad : ink));
  else if (bad) children.push(crossOf({ ...box, y: box.y - glyph / 2 - 2, height: glyph }, palette.bad));
  if (!fits && bar.again > 0)
    children.push({
      type: 'rect',
      shape: { x: box.x, y: box.y + box.height, width: Math.max(3, Math.min(box.width, glyph)), height: 2.5 },
      style: { fill: palette.text },
      silent: true,
    });
  if (!many && kindOf(bar.span) === 'running') children.push(arrowOf(box, stroke));
  return { type: 'group', children };
}

interface Coordinates {
  x: number;
  y: number;
  width: number;
  height: number;
}

export function timelineOption(
  lanes: readonly Lane[],
  bars: readonly Bar[],
  [from, to]: Window,
  palette: Palette,
): ChartOption {
  const axis = axisStyle(palette);
  return {
    animation: false,
    grid: { left: 138, right: 20, top: 10, bottom: 34 },
    xAxis: {
      ...axis,
      type: 'time',
      min: from,
      max: Math.max(to, from + 1),
      axisLabel: { ...axis.axisLabel, formatter: undefined, hideOverlap: true } as never,
    },
    yAxis: {
      ...axis,
      type: 'category',
      inverse: true,
      data: lanes.map(({ label }) => label),
      splitLine: { show: true, lineStyle: { color: palette.line } },
      axisLabel: { ...axis.axisLabel, formatter: undefined, width: 122, overflow: 'truncate' } as never,
    },
    tooltip: {
      ...tooltipStyle(palette),
      formatter: (item: unknown) => tooltipOf((item as { data: { bar: Bar } }).data.bar),
    },
    series: [
      {
        type: 'custom',
        cursor: 'pointer',
        data: bars.map((bar) => ({ value: [bar.lane, bar.start, bar.end], bar })) as never,
        encode: { x: [1, 2], y: 0 },
        renderItem: (params, api) => {
          const bar = bars[params.dataIndex] as Bar;
          const plot = params.coordSys as unknown as Coordinates;
          const [left = 0, middle = 0] = api.coord([bar.start, bar.lane]);
          const [right = 0] = api.coord([bar.end, bar.lane]);
          const [x, end] = [Math.max(left, plot.x), Math.min(Math.max(right, left + 2), plot.x + plot.width)];
          const height = laneHeight * 0.58;
          const box = { x, y: middle - height / 2, width: Math.max(2, end - x), height };
          return drawn(bar, box, palette) as never;
        },
      },
    ],
  };
}

const closest = 1000; // milliseconds that a window shows at least

// The window around its middle, `factor` times as wide, kept within what there is.
export function zoomed(
  [from, to]: Window,
  factor: number,
  { from: first, to: last }: Pick<Timeline, 'from' | 'to'>,
): Window | null {
  const width = Math.max(closest, (to - from) * factor);
  return within([(from + to - width) / 2, (from + to + width) / 2], first, last);
}

export function moved(
  [from, to]: Window,
  parts: number,
  { from: first, to: last }: Pick<Timeline, 'from' | 'to'>,
): Window | null {
  const by = (to - from) * parts;
  return within([from + by, to + by], first, last);
}

// null: all of it.
function within([from, to]: Window, first: number, last: number): Window | null {
  const width = to - from;
  if (width >= last - first) return null;
  const start = Math.min(Math.max(from, first), last - width);
  return [start, start + width];
}
