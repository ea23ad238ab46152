// The best so far of several studies over one another. Lines differ in form as well as in colour.
import type { Study, Trial } from '../api/types';
import { formatNumber, humanize } from '../format';
import { goalOf } from '../store/study_state';
import type { Palette } from '../theme';
import { bestLine, canBeLogarithmic, historyOf } from './history';
import { axisStyle, type ChartOption, fontFamily, tooltipStyle } from './style';

export interface Compared {
  study: Study;
  trials: readonly Trial[];
}

export const mostCompared = 8;

const forms = ['solid', 'dashed', 'dotted'] as const;

export function lineStyle(index: number, palette: Palette) {
  const colours = [palette.accent, palette.good, palette.warn, palette.bad];
  return {
    color: colours[index % colours.length] as string,
    type: forms[Math.floor(index / colours.length) % forms.length] as (typeof forms)[number],
    width: 2.2,
  };
}

// What the lines share: the metric's name and goal; null: they measure different things.
export function sharedMetric(compared: readonly Compared[]): string | null {
  const names = new Set(compared.map(({ study }) => `${study.spec?.metric?.name ?? 'value'}/${goalOf(study)}`));
  return names.size === 1 ? (compared[0]?.study.spec?.metric?.name ?? 'value') : null;
}

const historyFor = ({ study, trials }: Compared) => historyOf(trials, goalOf(study));

export const canCompareLogarithmically = (compared: readonly Compared[]): boolean =>
  compared.every((one) => canBeLogarithmic(historyFor(one)));

export function describeCompared(compared: readonly Compared[]): string {
  const bests = compared.map(
    ({ study }) => `${study.name} ${study.best ? formatNumber(study.best.value) : 'none yet'}`,
  );
  return `The best so far of ${compared.length} studies: ${bests.join(', ')}.`;
}

export function compareOption(compared: readonly Compared[], log: boolean, palette: Palette): ChartOption {
  const axis = axisStyle(palette);
  const metric = sharedMetric(compared);
  return {
    animation: false,
    grid: { left: 58, right: 150, top: 30, bottom: 44 },
    xAxis: { ...axis, type: 'value', name: 'trial', nameLocation: 'middle', nameGap: 28, minInterval: 1, min: 0 },
    yAxis: {
      ...axis,
      type: log ? 'log' : 'value',
      scale: true,
      name: metric === null ? '' : humanize(metric),
      nameGap: 12,
      nameTextStyle: { ...axis.nameTextStyle, align: 'left' },
    },
    tooltip: {
      ...tooltipStyle(palette),
      formatter: (item: unknown) => {
        const { seriesName, data } = item as { seriesName: string; data: [number, number] };
        return `${seriesName}\ntrial ${Math.round(data[0])}\nbest ${formatNumber(data[1])}`;
      },
    },
    series: compared.map((one, i) => ({
      type: 'line',
      name: one.study.name,
      data: bestLine(historyFor(one)),
      step: 'end',
      symbol: 'circle',
      symbolSize: 5,
      lineStyle: lineStyle(i, palette),
      itemStyle: { color: lineStyle(i, palette).color },
      endLabel: {
        show: true,
        formatter: one.study.name,
        color: palette.text,
        fontFamily,
        fontSize: 11,
        width: 130,
        overflow: 'truncate',
      },
    })),
  };
}
