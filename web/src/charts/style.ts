// What the charts have in common. Tooltips are drawn on the canvas: HTML ones carry inline styles, which the content
// security policy forbids.
import type { CustomSeriesOption, LineSeriesOption, ScatterSeriesOption } from 'echarts/charts';
import type { GridComponentOption, TooltipComponentOption } from 'echarts/components';
import type { ComposeOption } from 'echarts/core';
import { formatNumber } from '../format';
import type { Palette } from '../theme';

export type ChartSeries = CustomSeriesOption | LineSeriesOption | ScatterSeriesOption;
export type ChartOption = ComposeOption<ChartSeries | GridComponentOption | TooltipComponentOption>;

export const fontFamily = 'system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif';

export function axisStyle(palette: Palette) {
  return {
    axisLine: { show: false, onZero: false }, // names stand at the edge, also where the other axis passes 0
    axisTick: { show: false },
    splitLine: { lineStyle: { color: palette.line } },
    axisLabel: { color: palette.muted, fontSize: 11, fontFamily, formatter: (value: number) => formatNumber(value) },
    nameTextStyle: { color: palette.muted, fontSize: 11, fontFamily },
  };
}

export function tooltipStyle(palette: Palette): TooltipComponentOption {
  return {
    trigger: 'item',
    renderMode: 'richText',
    confine: true,
    transitionDuration: 0,
    padding: [8, 10],
    backgroundColor: palette.surface,
    borderColor: palette.line,
    borderWidth: 1,
    textStyle: { color: palette.text, fontSize: 12, fontFamily, lineHeight: 17 },
  };
}
