// Each trial as the model predicts it from all others, against what it turned out to be.
import type { LeftOut, Trust } from '../api/types';
import { formatNumber, humanize } from '../format';
import type { Palette } from '../theme';
import { axisStyle, type ChartOption, tooltipStyle } from './style';

const sigmas = 2;

export const isSurprise = ({ z }: LeftOut): boolean => Math.abs(z) > sigmas;

// Of the values and the predictions; error bars may reach beyond.
export function rangeOf(points: readonly LeftOut[]): [number, number] {
  const all = points.flatMap(({ value, mean }) => [value, mean]);
  const [least, most] = [Math.min(...all), Math.max(...all)];
  const margin = (most - least) * 0.06 || Math.abs(most) * 0.1 || 1;
  return [least - margin, most + margin];
}

export function describeCalibration({ leave_one_out: points, within_2_sd: part }: Trust, metric: string): string {
  return (
    `${humanize(metric)} of ${points.length} trials against what the model predicts of each from all others: ` +
    `${Math.round(100 * part)} % lie within two standard deviations.`
  );
}

export function verdict({ observations, within_2_sd: part }: Trust): string {
  if (observations < 8) return 'Too few trials to judge.';
  if (part < 0.85) return 'The model is too sure of itself: more trials than it allows for surprise it.';
  return 'The model knows what it does not know: as many trials as it allows for lie within its bounds.';
}

export function calibrationOption({ leave_one_out: points }: Trust, metric: string, palette: Palette): ChartOption {
  const axis = axisStyle(palette);
  const [low, high] = rangeOf(points);
  const bars = points.flatMap(({ value, low: bottom, high: top }) => [
    [value, bottom],
    [value, top],
    [null, null],
  ]);
  const hidden = { ...axis.axisLabel, showMinLabel: false, showMaxLabel: false, hideOverlap: true };
  const limits = { ...axis, type: 'value' as const, min: low, max: high, axisLabel: hidden };
  return {
    animation: false,
    grid: { left: 66, right: 14, top: 14, bottom: 44 },
    xAxis: { ...limits, name: `${humanize(metric)}, measured`, nameLocation: 'middle', nameGap: 28 },
    yAxis: { ...limits, name: 'Predicted from all others', nameLocation: 'middle', nameGap: 50 },
    tooltip: {
      ...tooltipStyle(palette),
      formatter: (item: unknown) => {
        const {
          trial,
          value,
          mean,
          low: bottom,
          high: top,
          z,
        } = (item as { data: LeftOut & { left: LeftOut } }).data.left;
        return [
          `trial ${trial}`,
          `measured ${formatNumber(value)}`,
          `predicted ${formatNumber(mean)}, from ${formatNumber(bottom)} to ${formatNumber(top)}`,
          `z ${formatNumber(z)}`,
        ].join('\n');
      },
    },
    series: [
      {
        type: 'line',
        silent: true,
        symbol: 'none',
        data: [
          [low, low],
          [high, high],
        ],
        lineStyle: { color: palette.faint, width: 1.2, type: 'dashed' },
      },
      {
        type: 'line',
        silent: true,
        symbol: 'none',
        connectNulls: false,
        data: bars as never,
        lineStyle: { color: palette.accent, width: 1.4, opacity: 0.45 },
      },
      ...[false, true].map((surprise) => ({
        type: 'scatter' as const,
        symbol: surprise ? 'diamond' : 'circle',
        symbolSize: surprise ? 12 : 8,
        data: points
          .filter((point) => isSurprise(point) === surprise)
          .map((point) => ({ value: [point.value, point.mean], trial: point.trial, left: point })) as never,
        itemStyle: { color: surprise ? palette.bad : palette.accent },
        z: 3,
      })),
    ],
  };
}
