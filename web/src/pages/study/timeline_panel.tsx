// Which worker had which attempt, when: zoomed by buttons, keys, or a click on what stands close together.
import { useCallback, useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { listTrials, mostTrialsAtOnce } from '../../api/client';
import type { Study, Trial } from '../../api/types';
import {
  type Bar,
  barsOf,
  chartFrame,
  describeTimeline,
  laneHeight,
  moved,
  type Span,
  timelineOf,
  timelineOption,
  type Window,
  zoomed,
} from '../../charts/timeline';
import { Chart } from '../../components/chart';
import { useNow } from '../../components/clock';
import { type Column, DataTable } from '../../components/data_table';
import { Alert, Empty } from '../../components/notices';
import { StateBadge } from '../../components/state_badge';
import { formatDuration } from '../../format';
import { hrefOf } from '../../router';
import { progressOf } from '../../store/progress';
import { newestFirst } from '../../store/trial_rows';
import { useThrottled } from '../../store/use_throttled';
import type { Palette } from '../../theme';

const redrawMs = 1000;
const mostLanes = 24; // more are in the table
const mostOlder = 10_000; // trials at a time
const tableHeight = 34 * 9;

// The width that the bars are told apart by; the box decides, in steps, so that a few pixels draw nothing anew.
function useWidth() {
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(800);
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => {
      if (entry) setWidth(Math.max(100, 50 * Math.round(entry.contentRect.width / 50)));
    });
    observer.observe(box.current as HTMLDivElement);
    return () => observer.disconnect();
  }, []);
  return { box, width };
}

const spanKey = ({ trial, attempt }: Span): number => trial * 1000 + attempt;

function attemptColumns(study: Study, from: number): Column<Span>[] {
  return [
    {
      key: 'trial',
      label: 'Trial',
      width: 84,
      sticky: true,
      sortKey: ({ trial }) => trial,
      cell: ({ trial }) => <a href={hrefOf({ page: 'trial', study: study.id, trial })}>{trial}</a>,
    },
    { key: 'attempt', label: 'Attempt', width: 96, align: 'right', sortKey: (s) => s.attempt, cell: (s) => s.attempt },
    {
      key: 'state',
      label: 'State',
      width: 128,
      sortKey: ({ state }) => state,
      cell: ({ state }) => <StateBadge state={state} plain />,
    },
    {
      key: 'worker',
      label: 'Worker',
      width: 130,
      sortKey: (s) => s.worker,
      cell: (s) => s.worker,
      title: (s) => s.worker,
    },
    {
      key: 'start',
      label: 'Began after',
      width: 130,
      align: 'right',
      sortKey: ({ start }) => start,
      cell: ({ start }) => formatDuration(start - from),
      title: ({ start }) => new Date(start).toLocaleString(),
    },
    {
      key: 'took',
      label: 'Took',
      width: 118,
      align: 'right',
      sortKey: ({ start, end }) => end - start,
      cell: ({ start, end }) => formatDuration(end - start),
    },
    {
      key: 'reason',
      label: 'Reason',
      width: 190,
      sortKey: (s) => s.reason,
      cell: (s) => s.reason,
      title: (s) => s.reason,
    },
  ];
}

function Legend() {
  const entries = [
    ['done', <path class="key-bar-done" d="M1 1h16v8H1z" />],
    ['running', <path class="key-bar-running" d="M1 1h11l5 4-5 4H1z" />],
    [
      'failed',
      <>
        <path class="key-bar-failed" d="M1 1h16v8H1z" />
        <path class="key-bar-cross" d="M6.5 2.5l5 5M11.5 2.5l-5 5" />
      </>,
    ],
    [
      'lost',
      <>
        <path class="key-bar-lost" d="M1 1h16v8H1z" />
        <path class="key-lost" d="M6.5 2.5l5 5M11.5 2.5l-5 5" />
      </>,
    ],
    ['stopped', <path class="key-bar-stopped" d="M1 1h16v8H1z" />],
  ] as const;
  return (
    <ul class="legend" aria-label="Legend">
      {entries.map(([name, shape]) => (
        <li key={name}>
          <svg class="key" viewBox="0 0 18 10" aria-hidden="true">
            {shape}
          </svg>
          {name}
        </li>
      ))}
      <li>
        <span class="key-number" aria-hidden="true">
          2
        </span>
        second attempt (where it is narrow, a line below)
      </li>
    </ul>
  );
}

interface ZoomProps {
  whole: boolean; // nothing is left out
  onZoom: (factor: number) => void;
  onMove: (parts: number) => void;
  onAll: () => void;
}

function Zoom({ whole, onZoom, onMove, onAll }: ZoomProps) {
  return (
    <div class="segmented" role="group" aria-label="Part of the time">
      <button type="button" class="toggle" aria-label="Earlier" disabled={whole} onClick={() => onMove(-0.5)}>
        ←
      </button>
      <button type="button" class="toggle" aria-label="Look closer" onClick={() => onZoom(0.5)}>
        +
      </button>
      <button
        type="button"
        class="toggle"
        aria-label="Look from farther away"
        disabled={whole}
        onClick={() => onZoom(2)}
      >
        −
      </button>
      <button type="button" class="toggle" aria-label="Later" disabled={whole} onClick={() => onMove(0.5)}>
        →
      </button>
      <button type="button" class="toggle" disabled={whole} onClick={onAll}>
        All
      </button>
    </div>
  );
}

interface Props {
  study: Study;
  trials: readonly Trial[];
  onTrial: (trial: number) => void;
}

async function olderThan(study: string, offset: number): Promise<Trial[]> {
  const found: Trial[] = [];
  for (let more = true; more && found.length < mostOlder;) {
    const at = { offset: offset + found.length };
    const page = await listTrials(study, { ...newestFirst, size: mostTrialsAtOnce, at });
    found.push(...page.trials);
    more = page.trials.length > 0 && page.next_page_token !== '';
  }
  return found;
}

// The newest trials are known; older ones are asked for by whoever wants to see them.
function useOlder(study: Study, trials: readonly Trial[]) {
  const [older, setOlder] = useState<readonly Trial[]>([]);
  const [error, setError] = useState('');
  const [asking, setAsking] = useState(false);
  const known = useThrottled(trials, redrawMs);
  const all = useMemo(() => {
    const ids = new Set(known.map(({ id }) => id));
    return [...older.filter(({ id }) => !ids.has(id)), ...known];
  }, [older, known]);
  const count = Object.values(study.trial_counts).reduce((sum, n) => sum + n, 0);
  const ask = () => {
    const ids = new Set(all.map(({ id }) => id));
    let next = count; // the newest that is not known
    while (ids.has(next)) next -= 1;
    setAsking(true);
    setError('');
    olderThan(study.id, count - next)
      .then(
        (found) => setOlder((before) => [...before, ...found]),
        (reason: unknown) => setError(reason instanceof Error ? reason.message : String(reason)),
      )
      .finally(() => setAsking(false));
  };
  return { all, left: count - all.length, ask, asking, error };
}

export function TimelinePanel({ study, trials, onTrial }: Props) {
  const older = useOlder(study, trials);
  const known = older.all;
  const now = useNow(redrawMs, progressOf(study).running > 0);
  const timeline = useMemo(() => timelineOf(known, now), [known, now]);
  const [chosen, setChosen] = useState<Window | null>(null); // null: all of the time
  const [listed, setListed] = useState(false);
  const { box, width } = useWidth();
  const window: Window = chosen ?? [timeline.from, timeline.to];
  const lanes = useMemo(() => timeline.lanes.slice(0, mostLanes), [timeline]);
  const bars = useMemo(() => barsOf(lanes, window, width), [lanes, window[0], window[1], width]);
  const option = useCallback((palette: Palette) => timelineOption(lanes, bars, window, palette), [lanes, bars]);
  const columns = useMemo(() => attemptColumns(study, timeline.from), [study.id, timeline.from]);
  const left = timeline.lanes.length - lanes.length;
  const zoom = (factor: number) => setChosen(zoomed(window, factor, timeline));
  const move = (parts: number) => setChosen(moved(window, parts, timeline));
  const keys = (event: KeyboardEvent) => {
    const acts: Record<string, () => void> = {
      ArrowLeft: () => move(-0.25),
      ArrowRight: () => move(0.25),
      '+': () => zoom(0.5),
      '=': () => zoom(0.5),
      '-': () => zoom(2),
      Home: () => setChosen(null),
    };
    const act = acts[event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act();
  };
  const click = (data: unknown) => {
    const { bar } = data as { bar: Bar };
    if (bar.count === 1) onTrial(bar.span.trial);
    else setChosen(zoomed([bar.start, bar.end], 1.2, timeline));
  };
  return (
    <section class="panel" aria-labelledby="timeline-title">
      <header class="panel-head">
        <h2 id="timeline-title">Timeline</h2>
        <Legend />
        <Zoom whole={chosen === null} onZoom={zoom} onMove={move} onAll={() => setChosen(null)} />
      </header>
      <div
        ref={box}
        class="timeline"
        tabIndex={0}
        role="group"
        aria-label="The attempts over time: arrow keys move, plus and minus zoom, Home shows all"
        onKeyDown={keys}
      >
        {timeline.spans.length === 0 ? (
          <Empty title="No attempt has begun yet." />
        ) : (
          <Chart
            size={lanes.length * laneHeight + chartFrame}
            label={describeTimeline(timeline)}
            option={option}
            onPoint={click}
          />
        )}
      </div>
      {older.error && <Alert>{older.error}</Alert>}
      {older.left > 0 && (
        <p class="timeline-note">
          {known.length} of {known.length + older.left} trials are shown.{' '}
          <button type="button" class="toggle" disabled={older.asking} onClick={older.ask}>
            {older.asking ? 'Loading …' : `Show ${Math.min(older.left, mostOlder)} older ones`}
          </button>
        </p>
      )}
      {left > 0 && <p class="muted timeline-note">and {left} more lanes, which are in the table</p>}
      {timeline.spans.length > 0 && (
        <details class="behind" onToggle={(event) => setListed(event.currentTarget.open)}>
          <summary>Show as a table</summary>
          {listed && (
            <DataTable
              label="All attempts"
              columns={columns}
              rows={timeline.spans}
              keyOf={spanKey}
              initialSort={{ column: 'start', descending: true }}
              height={tableHeight}
            />
          )}
        </details>
      )}
    </section>
  );
}
