// Parallel coordinates: where each trial passes each axis, which trials lie within the ranges that were picked, and which
// one is under the pointer. All pure; components/parallel_plot.tsx draws it.
import type { Goal, ParameterSpec, ParamValue } from '../api/types';
import { formatNumber, formatParam } from '../format';
import { isLog, isNumber } from '../store/space';
import type { Sampled } from '../store/sample';
import { goodness } from './explore';

export interface Axis {
  name: string;
  values: readonly string[] | null; // of a categorical one, from the bottom; null: numbers
  min: number;
  max: number;
  log: boolean;
  canBeLog: boolean;
  objective: boolean;
}

// A part of an axis, 0 at the bottom and 1 at the top.
export type Range = readonly [low: number, high: number];
export const whole: Range = [0, 1];
export const isWhole = ([low, high]: Range): boolean => low <= 0 && high >= 1;

const heldBy = (row: Sampled, { name, objective }: Pick<Axis, 'name' | 'objective'>): ParamValue | undefined =>
  objective ? row.values[name] : row.params[name];

function extent(numbers: readonly number[]): [number, number] {
  let [min, max] = [Infinity, -Infinity];
  for (const x of numbers) {
    if (x < min) min = x;
    if (x > max) max = x;
  }
  return min <= max ? [min, max] : [0, 1];
}

function numbersOf(rows: readonly Sampled[], axis: Pick<Axis, 'name' | 'objective'>): number[] {
  const numbers: number[] = [];
  for (const row of rows) {
    const value = heldBy(row, axis);
    if (typeof value === 'number' && Number.isFinite(value)) numbers.push(value);
  }
  return numbers;
}

// `log`: what the user chose; undefined: as the parameter is.
export function parameterAxis(
  name: string,
  spec: ParameterSpec | undefined,
  rows: readonly Sampled[],
  log: boolean | undefined,
): Axis {
  const known = spec !== undefined && isNumber(spec);
  const numbers = numbersOf(rows, { name, objective: false });
  const numeric = known || (spec === undefined && numbers.length === rows.filter((row) => name in row.params).length);
  if (!numeric) {
    const values = new Set((spec?.values ?? []).map(String));
    for (const row of rows) if (row.params[name] !== undefined) values.add(String(row.params[name]));
    const last = Math.max(1, values.size - 1);
    return { name, values: [...values], min: 0, max: last, log: false, canBeLog: false, objective: false };
  }
  const [low, high] = extent(numbers);
  const [min, max] = [Math.min(spec?.min ?? low, low), Math.max(spec?.max ?? high, high)];
  const canBeLog = min > 0;
  const logarithmic = canBeLog && (log ?? (spec !== undefined && isLog(spec)));
  return { name, values: null, min, max, log: logarithmic, canBeLog, objective: false };
}

export function objectiveAxis(name: string, rows: readonly Sampled[], log: boolean | undefined): Axis {
  const [min, max] = extent(numbersOf(rows, { name, objective: true }));
  return { name, values: null, min, max, log: min > 0 && (log ?? false), canBeLog: min > 0, objective: true };
}

// 0 to 1 from the bottom to the top; NaN: the trial has nothing there.
export function placeOn(axis: Axis, row: Sampled): number {
  const value = heldBy(row, axis);
  if (value === undefined || value === null) return NaN;
  const at = axis.values === null ? Number(value) : axis.values.indexOf(String(value));
  if (!Number.isFinite(at) || (axis.values !== null && at < 0)) return NaN;
  const on = (x: number) => (axis.log ? Math.log(x) : x);
  const span = on(axis.max) - on(axis.min);
  return span > 0 ? (on(at) - on(axis.min)) / span : 0.5;
}

// What stands at a place of the axis, in words.
export function wordsAt(axis: Axis, place: number): string {
  if (axis.values !== null) return axis.values[Math.round(place * Math.max(1, axis.values.length - 1))] ?? '';
  if (axis.log) return formatNumber(Math.exp(Math.log(axis.min) + place * Math.log(axis.max / axis.min)));
  return formatNumber(axis.min + place * (axis.max - axis.min));
}

// Row by row, an axis after the other.
export interface Lines {
  rows: readonly Sampled[]; // the worst first, so that the best are drawn above
  places: Float32Array;
  goodness: Float32Array; // 0 the worst, 1 the best, by rank
  axes: number;
}

export function linesOf(rows: readonly Sampled[], axes: readonly Axis[], goal: Goal): Lines {
  const ranks = goodness(rows, goal);
  const sorted = [...rows].sort((a, b) => (ranks.get(a.id) as number) - (ranks.get(b.id) as number));
  const places = new Float32Array(sorted.length * axes.length);
  sorted.forEach((row, r) => axes.forEach((axis, a) => (places[r * axes.length + a] = placeOn(axis, row))));
  return {
    rows: sorted,
    places,
    goodness: Float32Array.from(sorted, ({ id }) => ranks.get(id) as number),
    axes: axes.length,
  };
}

const tolerance = 1e-6; // of places that were rounded

// Whether each line lies within all ranges; a trial without a value there does not.
export function within({ rows, places, axes }: Lines, ranges: readonly Range[]): Uint8Array {
  const inside = new Uint8Array(rows.length).fill(1);
  ranges.forEach((range, a) => {
    if (isWhole(range)) return;
    for (let r = 0; r < rows.length; r += 1) {
      const place = places[r * axes + a] as number;
      if (!(place >= range[0] - tolerance && place <= range[1] + tolerance)) inside[r] = 0;
    }
  });
  return inside;
}

// The line nearest to a point, `x` in axes from the left and `y` in places; those above others go first. -1: none is as
// near as `reach`, in places.
export function nearestLine(lines: Lines, inside: Uint8Array, x: number, y: number, reach: number): number {
  const left = Math.min(Math.max(0, Math.floor(x)), lines.axes - 2);
  const part = x - left;
  let best = -1;
  let nearest = reach;
  for (let r = lines.rows.length - 1; r >= 0; r -= 1) {
    if (inside[r] === 0) continue;
    const from = lines.places[r * lines.axes + left] as number;
    const to = lines.places[r * lines.axes + left + 1] as number;
    const distance = Math.abs(from + part * (to - from) - y);
    if (distance < nearest) [best, nearest] = [r, distance];
  }
  return best;
}

export function describeLine(row: Sampled, axes: readonly Axis[]): string[] {
  return axes.map((axis) => `${axis.name} ${formatParam(heldBy(row, axis))}`);
}
