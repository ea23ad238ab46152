import { useCallback, useMemo } from 'preact/hooks';
import type { NextSuggestion, Slice, Slices, Study } from '../../api/types';
import { bandOf, describeSlice, type SliceClick, sliceOption, type SliceView } from '../../charts/slice';
import { Behind } from '../../components/behind';
import { Chart } from '../../components/chart';
import { formatNumber, formatParam } from '../../format';
import { axisType } from '../../store/space';
import { goalOf } from '../../store/study_state';
import type { Palette } from '../../theme';

interface SliceProps {
  study: Study;
  slices: Slices;
  slice: Slice;
  next: NextSuggestion | null;
  alone: boolean;
  onTrial: (trial: number) => void;
}

function SliceChart({ study, slices, slice, next, alone, onTrial }: SliceProps) {
  const view = useMemo(
    (): SliceView => ({
      slice,
      metric: study.spec?.metric?.name ?? 'value',
      goal: goalOf(study),
      axis: axisType(study.spec?.parameters?.[slice.parameter]),
      through: slices.through.params[slice.parameter] ?? null,
      next: next?.params[slice.parameter] ?? null,
      best: alone ? slices.incumbent.mean : null,
    }),
    [study.spec, slices, slice, next, alone],
  );
  const option = useCallback((palette: Palette) => sliceOption(view, palette), [view]);
  const { low, high } = bandOf(slice);
  return (
    <div class="slice">
      <Chart
        size={alone ? 'tall' : 'large'}
        label={describeSlice(view)}
        option={option}
        onPoint={(data) => {
          const { trial } = data as SliceClick;
          if (trial !== undefined) onTrial(trial);
        }}
      />
      <Behind
        label={`The model along ${slice.parameter}`}
        heads={[slice.parameter, 'mean', 'mean − 2σ', 'mean + 2σ', 'expected improvement']}
        rows={slice.values.map((value, i) => [
          formatParam(value),
          ...[slice.mean[i], low[i], high[i], slice.ei[i]].map((number) => formatNumber(number as number)),
        ])}
      />
    </div>
  );
}

function Legend({ next, pending, alone }: { next: boolean; pending: boolean; alone: boolean }) {
  return (
    <ul class="legend" aria-label="Legend">
      <li>
        <svg class="key" viewBox="0 0 18 10" aria-hidden="true">
          <path class="key-band" d="M0 0h18v10H0z" />
          <path class="key-line" d="M0 5h18" />
        </svg>
        mean ± 2σ
      </li>
      <li>
        <svg class="key" viewBox="0 0 18 10" aria-hidden="true">
          <circle class="key-seen" cx="9" cy="5" r="3.4" />
        </svg>
        {alone ? 'measured' : 'measured (paler: farther from the line)'}
      </li>
      {alone && (
        <li>
          <svg class="key" viewBox="0 0 18 10" aria-hidden="true">
            <path class="key-best" d="M0 5h18" />
          </svg>
          best so far
        </li>
      )}
      {pending && (
        <li>
          <svg class="key" viewBox="0 0 18 10" aria-hidden="true">
            <path class="key-running" d="M9 1l4.5 8h-9z" />
          </svg>
          running
        </li>
      )}
      {next && (
        <li>
          <svg class="key" viewBox="0 0 18 10" aria-hidden="true">
            <path class="key-next" d="M9 0v10" />
            <path class="key-next-mark" d="M9 1l4 4-4 4-4-4z" />
          </svg>
          next suggestion
        </li>
      )}
      <li>
        <svg class="key" viewBox="0 0 18 10" aria-hidden="true">
          <path class="key-gain" d="M0 10C6 10 6 1 9 1s3 9 9 9z" />
        </svg>
        expected improvement
      </li>
    </ul>
  );
}

interface Props {
  study: Study;
  slices: Slices;
  next: NextSuggestion | null;
  loading: boolean;
  onTrial: (trial: number) => void;
}

export function SlicesPanel({ study, slices, next, loading, onTrial }: Props) {
  const pending = slices.slices.some((slice) => slice.pending.length > 0);
  const alone = slices.slices.length === 1;
  return (
    <section class="panel" aria-labelledby="slices-title" aria-busy={loading}>
      <header class="panel-head">
        <h2 id="slices-title">What the model believes</h2>
        <Legend next={next !== null} pending={pending} alone={alone} />
      </header>
      <div class={alone ? 'slices slices-alone' : 'slices'}>
        {slices.slices.map((slice) => (
          <SliceChart
            key={slice.parameter}
            study={study}
            slices={slices}
            slice={slice}
            next={next}
            alone={alone}
            onTrial={onTrial}
          />
        ))}
      </div>
    </section>
  );
}
