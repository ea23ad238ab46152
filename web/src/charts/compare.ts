// The best so far of several studies over one another. Lines differ in form as well as in colour.
import type { History, Study } from '../api/types';
import { formatNumber, humanize } from '../format';
import type { Palette } from '../theme';
import { canBeLogarithmic, type Point } from './history';
import { axisStyle, type ChartOption, tooltipStyle } from './style';

export interface Compared {
  study: Study;
  history: History;
}

export const mostCompared = 8;

const colours = ['accent', 'good', 'warn', 'bad'] as const;
const forms = ['solid', 'dashed'] as const;

// Of the index-th line: a colour of the palette and a form.
export function lookOf(index: number) {
  return {
    colour: colours[index % colours.length] as (typeof colours)[number],
    form: forms[Math.floor(index / colours.length) % forms.length] as (typeof forms)[number],
  };
}

function lineStyle(index: number, palette: Palette) {
  const { colour, form } = lookOf(index);
  return { color: palette[colour], type: form, width: 2.2 };
}

// What the lines share: the metric's name and goal; null: they measure different things.
export function sharedMetric(compared: readonly Compared[]): string | null {
  const names = new Set(compared.map(({ history }) => `${history.objective}/${history.goal}`));
  return names.size === 1 ? (compared[0]?.history.objective ?? null) : null;
}

export const canCompareLogarithmically = (compared: readonly Compared[]): boolean =>
  compared.every((one) => canBeLogarithmic(one.history));

// Each improvement, and the end of the last one.
function treadsOf({ improvements, trials: last }: History): Point[] {
  const end = improvements.at(-1);
  return end && end[0] < last ? [...improvements, [last, end[1]]] : improvements;
}

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
    grid: { left: 58, right: 18, top: 30, bottom: 44 },
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
      data: treadsOf(one.history),
      step: 'end',
      symbol: 'circle',
      symbolSize: 5,
      lineStyle: lineStyle(i, palette),
      itemStyle: { color: lineStyle(i, palette).color },
    })),
  };
}
