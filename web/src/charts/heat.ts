// The model over two parameters: the mean, the doubt or the expected improvement as colours, and the trials on it.
import type { Contour, ParamValue, Trial } from '../api/types';
import { formatNumber, formatParam, humanize } from '../format';
import { indexAmong } from '../store/space';
import type { Palette } from '../theme';
import { axisStyle, type ChartOption, tooltipStyle } from './style';

export type Quantity = 'mean' | 'sd' | 'ei';
export const quantities: readonly Quantity[] = ['mean', 'sd', 'ei'];

export interface HeatView {
  contour: Contour;
  quantity: Quantity;
  metric: string;
  log: { x: boolean; y: boolean };
  trials: readonly Trial[];
}

export const labelOf = (quantity: Quantity, metric: string): string =>
  ({ mean: humanize(metric), sd: 'Uncertainty σ', ei: 'Expected improvement' })[quantity];

export function rangeOf(values: readonly number[]): [number, number] {
  return [Math.min(...values), Math.max(...values)];
}

function channels(colour: string): number[] {
  return [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
}

// Between the colours of the scale, `part` in [0, 1].
export function colourAt(scale: readonly string[], part: number): string {
  const last = scale.length - 1;
  const at = Math.min(Math.max(part, 0), 1) * last;
  const below = Math.min(Math.floor(at), last - 1);
  const [from, to] = [channels(scale[below] as string), channels(scale[below + 1] as string)];
  const mixed = from.map((channel, i) => Math.round(channel + (at - below) * ((to[i] as number) - channel)));
  return `rgb(${mixed.join(',')})`;
}

export interface Cell {
  value: [x: number, y: number, value: number]; // indices of the axes
  point: { x: ParamValue; y: ParamValue };
}

export function cellsOf({ contour, quantity }: HeatView): Cell[] {
  const { x, y } = contour;
  return contour[quantity].map((value, i) => {
    const [column, row] = [i % x.values.length, Math.floor(i / x.values.length)];
    return {
      value: [column, row, value],
      point: { x: x.values[column] as ParamValue, y: y.values[row] as ParamValue },
    };
  });
}

interface Dot {
  value: [x: number, y: number, value: number | null];
  trial: number;
}

// The trials in which both parameters are active, at fractional indices.
export function dotsOf({ contour, trials, log }: HeatView, wanted: (trial: Trial) => boolean): Dot[] {
  const dots: Dot[] = [];
  for (const trial of trials) {
    const [x, y] = [trial.params[contour.x.parameter], trial.params[contour.y.parameter]];
    if (!wanted(trial) || x === undefined || y === undefined) continue;
    const [across, up] = [indexAmong(contour.x.values, x, log.x), indexAmong(contour.y.values, y, log.y)];
    if (across !== null && up !== null) dots.push({ value: [across, up, trial.value], trial: trial.id });
  }
  return dots;
}

export function describeHeat(view: HeatView): string {
  const { contour, quantity, metric } = view;
  const [least, most] = rangeOf(contour[quantity]);
  return (
    `${labelOf(quantity, metric)} over ${contour.x.parameter} and ${contour.y.parameter}, ` +
    `from ${formatNumber(least)} to ${formatNumber(most)}.`
  );
}

const ended = (trial: Trial) => trial.value !== null && Number.isFinite(trial.value);
const running = (trial: Trial) => trial.state === 'RUNNING' || trial.state === 'WAITING';

function tooltipOf({ contour, quantity, metric }: HeatView, data: Cell | Dot): string {
  if ('trial' in data) {
    const value = data.value[2];
    return `trial ${data.trial}${value === null ? ', running' : `\n${humanize(metric)} ${formatNumber(value)}`}`;
  }
  return [
    `${labelOf(quantity, metric)} ${formatNumber(data.value[2])}`,
    `${contour.x.parameter} ${formatParam(data.point.x)}`,
    `${contour.y.parameter} ${formatParam(data.point.y)}`,
  ].join('\n');
}

export function heatOption(view: HeatView, palette: Palette): ChartOption {
  const { contour, quantity } = view;
  const [least, most] = rangeOf(contour[quantity]);
  const axis = axisStyle(palette);
  const axisOf = ({ parameter, values }: Contour['x'], gap: number) => ({
    ...axis,
    type: 'value' as const,
    min: -0.5,
    max: values.length - 0.5,
    interval: Math.max(1, Math.floor((values.length - 1) / 5)),
    splitLine: { show: false },
    name: parameter,
    nameLocation: 'middle' as const,
    nameGap: gap,
    axisLabel: {
      ...axis.axisLabel,
      formatter: (at: number) => formatParam(values[Math.min(Math.max(Math.round(at), 0), values.length - 1)]),
    },
  });
  return {
    animation: false,
    grid: { left: 72, right: 14, top: 12, bottom: 44 },
    xAxis: axisOf(contour.x, 28),
    yAxis: axisOf(contour.y, 56),
    tooltip: {
      ...tooltipStyle(palette),
      formatter: (item: unknown) => tooltipOf(view, (item as { data: Cell | Dot }).data),
    },
    series: [
      {
        type: 'custom',
        data: cellsOf(view) as never,
        renderItem: (_, api) => {
          const [x = 0, y = 0] = api.coord([api.value(0), api.value(1)]);
          const [width = 0, height = 0] = api.size?.([1, 1]) as number[];
          const part = most > least ? (Number(api.value(2)) - least) / (most - least) : 0.5;
          // Whole pixels, so that no line of the background is between two cells.
          return {
            type: 'rect',
            shape: {
              x: Math.floor(x - width / 2),
              y: Math.floor(y - height / 2),
              width: Math.ceil(width) + 1,
              height: Math.ceil(height) + 1,
            },
            style: { fill: colourAt(palette.heat, part) },
          };
        },
      },
      {
        type: 'scatter',
        data: dotsOf(view, ended) as never,
        symbolSize: 8,
        itemStyle: { color: '#fff', borderColor: '#111', borderWidth: 1.4 },
        z: 3,
      },
      {
        type: 'scatter',
        data: dotsOf(view, running) as never,
        symbol: 'triangle',
        symbolSize: 11,
        itemStyle: { color: '#ffb020', borderColor: '#111', borderWidth: 1.2 },
        z: 3,
      },
    ],
  };
}
