// A canvas that shows an option and follows its own size. What it shows is also said in words (`label`) and, by whoever
// uses it, in a table.
import { useEffect, useRef, useState } from 'preact/hooks';
import { type ECharts, init } from '../charts/echarts';
import type { ChartOption } from '../charts/style';
import { type Palette, readPalette, theme } from '../theme';

// A chart is drawn when it comes so near to what is seen: a page of many charts is there at once.
const ahead = '700px';

interface Props {
  option: (palette: Palette) => ChartOption;
  label: string;
  size: 'tall' | 'large' | 'medium' | 'small' | number; // or pixels
  onPoint?: (data: unknown) => void;
}

export function Chart({ option, label, size, onPoint }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const chart = useRef<ECharts | null>(null);
  const point = useRef(onPoint);
  point.current = onPoint;
  const [near, setNear] = useState(false);
  const colours = theme.value;

  useEffect(() => {
    const nearing = new IntersectionObserver(
      (entries) => {
        if (entries.some((entry) => entry.isIntersecting)) setNear(true);
      },
      { rootMargin: ahead },
    );
    nearing.observe(box.current as HTMLDivElement);
    return () => nearing.disconnect();
  }, []);

  useEffect(() => {
    if (!near) return undefined;
    const element = box.current as HTMLDivElement;
    const created = init(element, null, { renderer: 'canvas' });
    // A click on a line itself has no point: it is told by the name of the series.
    created.on('click', (item) => point.current?.(item.data ?? item.seriesName));
    chart.current = created;
    const observer = new ResizeObserver(() => created.resize());
    observer.observe(element);
    return () => {
      observer.disconnect();
      created.dispose();
      chart.current = null;
    };
  }, [near]);

  useEffect(() => {
    chart.current?.setOption(option(readPalette()), { notMerge: true });
  }, [near, option, colours]);

  const sized =
    typeof size === 'number' ? { class: 'chart', style: { height: `${size}px` } } : { class: `chart chart-${size}` };
  return <div ref={box} {...sized} role="img" aria-label={label} />;
}
