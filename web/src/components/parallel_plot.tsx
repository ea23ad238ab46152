// Parallel coordinates on a canvas. Ranges are picked by dragging along an axis, or by the two handles of each axis with
// the arrow keys; names are dragged to reorder the axes.
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { colourAt } from '../charts/heat';
import {
  type Axis,
  describeLine,
  isWhole,
  type Lines,
  nearestLine,
  type Range,
  whole,
  wordsAt,
} from '../charts/parallel';
import { type Palette, readPalette, theme } from '../theme';

interface Props {
  lines: Lines;
  inside: Uint8Array;
  axes: readonly Axis[];
  ranges: readonly Range[];
  label: string;
  onRange: (axis: number, range: Range) => void;
  onMove: (from: number, to: number) => void;
  onTrial: (trial: number) => void;
}

const margin = { left: 60, right: 70, top: 44, bottom: 26 };
const height = 380;
const narrowest = 74; // pixels between axes; where they do not fit the plot scrolls sideways
const colourSteps = 24;
const reachPixels = 7;
const plotHeight = height - margin.top - margin.bottom;

const yOf = (place: number): number => margin.top + (1 - place) * plotHeight;
const placeOf = (y: number): number => Math.min(1, Math.max(0, 1 - (y - margin.top) / plotHeight));

// Lines of one colour are one stroke: thousands cost little more than a few.
function draw(
  context: CanvasRenderingContext2D,
  { lines, inside }: Props,
  x: (axis: number) => number,
  colours: Palette,
) {
  const { places, goodness, rows, axes } = lines;
  const strong = Math.min(0.9, Math.max(0.12, 40 / Math.sqrt(Math.max(1, rows.length))));
  const picked = inside.some((one) => one === 0);
  const stroke = (from: number, to: number, wanted: number) => {
    context.beginPath();
    for (let r = from; r < to; r += 1) {
      if (inside[r] !== wanted) continue;
      let pen = false;
      for (let a = 0; a < axes; a += 1) {
        const place = places[r * axes + a] as number;
        if (Number.isNaN(place)) pen = false;
        else if (pen) context.lineTo(x(a), yOf(place));
        else {
          context.moveTo(x(a), yOf(place));
          pen = true;
        }
      }
    }
    context.stroke();
  };
  context.lineWidth = rows.length > 300 ? 1 : 1.6;
  if (picked) {
    context.strokeStyle = colours.line;
    context.globalAlpha = 0.5;
    stroke(0, rows.length, 0);
  }
  for (let step = 0; step < colourSteps; step += 1) {
    const from = Math.floor((step * rows.length) / colourSteps);
    const to = Math.floor(((step + 1) * rows.length) / colourSteps);
    if (from === to) continue;
    const part = goodness[to - 1] as number;
    context.strokeStyle = colourAt([colours.faint, colours.accent], part);
    context.globalAlpha = picked ? 0.8 : strong * (0.4 + 0.6 * part);
    stroke(from, to, 1);
  }
  // The best above all.
  if (rows.length > 0) {
    context.globalAlpha = 1;
    context.strokeStyle = colours.accent;
    context.lineWidth = 2;
    stroke(rows.length - 1, rows.length, 1);
  }
  context.globalAlpha = 1;
}

function useWidth() {
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const element = box.current as HTMLDivElement;
    const observer = new ResizeObserver(() => setWidth(element.clientWidth));
    observer.observe(element);
    setWidth(element.clientWidth);
    return () => observer.disconnect();
  }, []);
  return { box, width };
}

const fine = 0.02;
const coarse = 0.1;

interface HandleProps {
  axis: Axis;
  range: Range;
  end: 0 | 1; // the low one or the high one
  left: number;
  onRange: (range: Range) => void;
}

function Handle({ axis, range, end, left, onRange }: HandleProps) {
  const steps = axis.values === null ? null : Math.max(1, axis.values.length - 1);
  const move = (to: number) => {
    const low = end === 0 ? Math.min(Math.max(0, to), range[1]) : range[0];
    const high = end === 1 ? Math.max(Math.min(1, to), range[0]) : range[1];
    onRange([low, high]);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = steps === null ? (event.shiftKey ? coarse : fine) : 1 / steps;
    const by: Record<string, number> = { ArrowUp: step, ArrowRight: step, ArrowDown: -step, ArrowLeft: -step };
    if (event.key in by) move(range[end] + (by[event.key] as number));
    else if (event.key === 'Home') move(end === 0 ? 0 : range[0]);
    else if (event.key === 'End') move(end === 1 ? 1 : range[1]);
    else if (event.key === 'Escape') onRange(whole);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const words = wordsAt(axis, range[end]);
  return (
    <div
      class={`parallel-handle ${end === 0 ? 'low' : 'high'} ${isWhole(range) ? '' : 'picked'}`}
      role="slider"
      tabIndex={0}
      aria-label={`${axis.name}, ${end === 0 ? 'at least' : 'at most'}`}
      aria-orientation="vertical"
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(100 * range[end])}
      aria-valuetext={words}
      title={words}
      style={{ left: `${left}px`, top: `${yOf(range[end])}px` }}
      onKeyDown={onKeyDown}
    />
  );
}

const clickPixels = 4; // a shorter drag is a click

export function ParallelPlot(props: Props) {
  const { lines, inside, axes, ranges, label, onRange, onMove, onTrial } = props;
  const { box, width } = useWidth();
  const canvas = useRef<HTMLCanvasElement>(null);
  const over = useRef<HTMLCanvasElement>(null);
  const [hovered, setHovered] = useState(-1);
  const colours = theme.value;
  const measured = width > 0;
  const full = Math.max(width, margin.left + margin.right + narrowest * (axes.length - 1));
  const gap = axes.length > 1 ? (full - margin.left - margin.right) / (axes.length - 1) : 0;
  const x = (axis: number) => margin.left + axis * gap;
  const axisAt = (at: number) => Math.min(axes.length - 1, Math.max(0, Math.round((at - margin.left) / (gap || 1))));

  const prepared = (element: HTMLCanvasElement | null): CanvasRenderingContext2D | null => {
    const context = element?.getContext('2d') ?? null;
    if (element === null || context === null || !measured) return null;
    const ratio = devicePixelRatio || 1;
    element.width = Math.round(full * ratio);
    element.height = Math.round(height * ratio);
    context.scale(ratio, ratio);
    context.lineJoin = 'round';
    return context;
  };

  useEffect(() => {
    const context = prepared(canvas.current);
    if (context !== null) draw(context, props, x, readPalette());
  }, [lines, inside, full, measured, colours]);

  useEffect(() => {
    const context = prepared(over.current);
    const palette = readPalette();
    if (context === null) return;
    context.font = '11px system-ui, sans-serif';
    context.textAlign = 'right';
    context.textBaseline = 'middle';
    axes.forEach((axis, a) => {
      context.strokeStyle = palette.muted;
      context.lineWidth = 1;
      context.beginPath();
      context.moveTo(x(a), yOf(0));
      context.lineTo(x(a), yOf(1));
      context.stroke();
      const range = ranges[a] ?? whole;
      if (!isWhole(range)) {
        context.fillStyle = palette.accent;
        context.globalAlpha = 0.3;
        context.fillRect(x(a) - 7, yOf(range[1]), 14, Math.max(2, yOf(range[0]) - yOf(range[1])));
        context.globalAlpha = 1;
      }
      const count = axis.values === null ? 5 : axis.values.length;
      const every = Math.ceil(count / 12);
      for (let i = 0; i < count; i += every) {
        const place = count === 1 ? 0 : i / (count - 1);
        let words = wordsAt(axis, place);
        if (words.length > 14) words = `${words.slice(0, 13)}…`;
        const half = context.measureText(words).width;
        context.fillStyle = palette.surface;
        context.globalAlpha = 0.85;
        context.fillRect(x(a) - 10 - half, yOf(place) - 7, half + 4, 14);
        context.globalAlpha = 1;
        context.fillStyle = palette.muted;
        context.fillText(words, x(a) - 8, yOf(place));
      }
    });
    if (hovered < 0 || hovered >= lines.rows.length) return;
    context.strokeStyle = palette.text;
    context.lineWidth = 2.5;
    context.beginPath();
    let pen = false;
    for (let a = 0; a < axes.length; a += 1) {
      const place = lines.places[hovered * lines.axes + a] as number;
      if (Number.isNaN(place)) pen = false;
      else {
        if (pen) context.lineTo(x(a), yOf(place));
        else context.moveTo(x(a), yOf(place));
        pen = true;
      }
    }
    context.stroke();
  }, [lines, axes, ranges, hovered, full, measured, colours]);

  const place = (event: PointerEvent) => {
    const bounds = (over.current as HTMLCanvasElement).getBoundingClientRect();
    return { left: event.clientX - bounds.left, top: event.clientY - bounds.top };
  };
  const lineAt = ({ left, top }: { left: number; top: number }) =>
    axes.length < 2 || gap === 0
      ? -1
      : nearestLine(lines, inside, (left - margin.left) / gap, placeOf(top), reachPixels / plotHeight);

  // A drag near an axis picks a range of it, a click there lets go; elsewhere a click opens the line.
  const onPointerDown = (down: PointerEvent) => {
    if (down.button !== 0) return;
    const start = place(down);
    const axis = axisAt(start.left);
    const onAxis = Math.abs(start.left - x(axis)) < 14;
    const element = down.currentTarget as HTMLElement;
    element.setPointerCapture(down.pointerId);
    let dragged = false;
    const drag = (event: PointerEvent) => {
      const now = place(event);
      dragged ||= Math.abs(now.top - start.top) > clickPixels;
      if (!onAxis || !dragged) return;
      const [from, to] = [placeOf(start.top), placeOf(now.top)];
      onRange(axis, [Math.min(from, to), Math.max(from, to)]);
    };
    const up = () => {
      element.removeEventListener('pointermove', drag);
      element.removeEventListener('pointerup', up);
      element.removeEventListener('pointercancel', up);
      if (dragged) return;
      if (onAxis && !isWhole(ranges[axis] ?? whole)) return onRange(axis, whole);
      const line = lineAt(start);
      if (line >= 0) onTrial(lines.rows[line]?.id as number);
    };
    element.addEventListener('pointermove', drag);
    element.addEventListener('pointerup', up);
    element.addEventListener('pointercancel', up);
  };

  const onNameDown = (axis: number) => (down: PointerEvent) => {
    const element = down.currentTarget as HTMLElement;
    element.setPointerCapture(down.pointerId);
    const up = (event: PointerEvent) => {
      element.removeEventListener('pointerup', up);
      const to = axisAt(place(event).left);
      if (to !== axis) onMove(axis, to);
    };
    element.addEventListener('pointerup', up);
  };

  const tip = hovered >= 0 ? lines.rows[hovered] : undefined;
  const words = useMemo(() => (tip ? describeLine(tip, axes).slice(-8) : []), [tip, axes]);
  return (
    <div class="parallel" ref={box} tabIndex={0} role="region" aria-label="Plot of parallel coordinates">
      <div class="parallel-plot" style={{ width: `${full}px`, height: `${height}px` }}>
        <canvas ref={canvas} class="parallel-canvas" role="img" aria-label={label} />
        <canvas
          ref={over}
          class={`parallel-canvas ${hovered >= 0 ? 'parallel-hit' : ''}`}
          aria-hidden="true"
          onPointerDown={onPointerDown}
          onPointerMove={(event) => setHovered(lineAt(place(event)))}
          onPointerLeave={() => setHovered(-1)}
        />
        {axes.map((axis, a) => (
          <span
            key={axis.name}
            class="parallel-name"
            title={`${axis.name}: drag to move the axis`}
            style={{ left: `${x(a)}px`, maxWidth: `${Math.max(60, gap - 8)}px` }}
            onPointerDown={onNameDown(a)}
          >
            {axis.name}
          </span>
        ))}
        {axes.map((axis, a) =>
          ([1, 0] as const).map((end) => (
            <Handle
              key={`${axis.name}/${end}`}
              axis={axis}
              range={ranges[a] ?? whole}
              end={end}
              left={x(a)}
              onRange={(range) => onRange(a, range)}
            />
          )),
        )}
        {tip && (
          <p class="parallel-tip" aria-hidden="true">
            <b>trial {tip.id}</b> {words.join(' · ')}
          </p>
        )}
      </div>
    </div>
  );
}
