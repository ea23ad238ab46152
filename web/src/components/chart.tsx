// A canvas that shows an option and follows its own size. What it shows is also said in words (`label`) and, by whoever
// uses it, in a table.
import { useEffect, useRef, useState } from 'preact/hooks';
import type { ECharts } from '../charts/echarts';
import type { ChartOption } from '../charts/style';
import { type Palette, readPalette, theme } from '../theme';

// Half of the page's code: it is loaded beside the data, and what needs no chart does not wait for it.
let library: Promise<typeof import('../charts/echarts')> | null = null;
export const loadCharts = () => (library ??= import('../charts/echarts'));

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
  const point = useRef(onPoint);
  point.current = onPoint;
  const [near, setNear] = useState(false);
  const [chart, setChart] = useState<ECharts | null>(null);
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
    let created: ECharts | null = null;
    let gone = false;
    const observer = new ResizeObserver(() => created?.resize());
    void loadCharts().then(({ init }) => {
      if (gone) return;
      created = init(element, null, { renderer: 'canvas' });
      // A click on a line itself has no point: it is told by the name of the series.
      created.on('click', (item) => point.current?.(item.data ?? item.seriesName));
      observer.observe(element);
      setChart(created);
    });
    return () => {
      gone = true;
      observer.disconnect();
      created?.dispose();
      setChart(null);
    };
  }, [near]);

  useEffect(() => {
    chart?.setOption(option(readPalette()), { notMerge: true });
  }, [chart, option, colours]);

  const sized =
    typeof size === 'number' ? { class: 'chart', style: { height: `${size}px` } } : { class: `chart chart-${size}` };
  return <div ref={box} {...sized} role="img" aria-label={label} />;
}
