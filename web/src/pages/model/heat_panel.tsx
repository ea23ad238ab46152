import { useCallback, useMemo, useState } from 'preact/hooks';
import { getContour, type Through } from '../../api/client';
import type { Params, Slices, Study, Trial } from '../../api/types';
import {
  type Cell,
  cellsOf,
  describeHeat,
  heatOption,
  type HeatView,
  labelOf,
  quantities,
  type Quantity,
  rangeOf,
} from '../../charts/heat';
import { Behind } from '../../components/behind';
import { Chart } from '../../components/chart';
import { Alert } from '../../components/notices';
import { NameSelect } from '../../components/name_select';
import { formatNumber, formatParam, humanize } from '../../format';
import { axisType, completePoint } from '../../store/space';
import { useAnswer } from '../../store/use_answer';
import type { Palette } from '../../theme';

interface Props {
  study: Study;
  trials: readonly Trial[];
  slices: Slices;
  through: Through;
  version: string; // of what the model knows
  onTrial: (trial: number) => void;
  onPoint: (params: Params) => void;
}

export function HeatPanel({ study, trials, slices, through, version, onTrial, onPoint }: Props) {
  const names = slices.slices.map((slice) => slice.parameter);
  const [chosen, setChosen] = useState<[string, string]>(['', '']);
  const [quantity, setQuantity] = useState<Quantity>('mean');
  const x = names.includes(chosen[0]) ? chosen[0] : (names[0] as string);
  const y = names.includes(chosen[1]) && chosen[1] !== x ? chosen[1] : (names.find((name) => name !== x) as string);
  const key = JSON.stringify([version, through, x, y]);
  const { value: contour, error, loading } = useAnswer(key, (abort) => getContour(study.id, [x, y], through, abort));
  const metric = study.spec?.metric?.name ?? 'value';
  const logOf = (name: string) => axisType(study.spec?.parameters?.[name]) === 'log';
  const view = useMemo(
    (): HeatView | null =>
      contour && {
        contour,
        quantity,
        metric,
        log: { x: logOf(contour.x.parameter), y: logOf(contour.y.parameter) },
        trials,
      },
    [contour, quantity, metric, trials],
  );
  const option = useCallback((palette: Palette) => (view ? heatOption(view, palette) : {}), [view]);
  const click = (data: unknown) => {
    const hit = data as Partial<Cell> & { trial?: number };
    if (hit.trial !== undefined) onTrial(hit.trial);
    else if (hit.point && contour) {
      const moved = {
        ...slices.through.params,
        [contour.x.parameter]: hit.point.x,
        [contour.y.parameter]: hit.point.y,
      };
      onPoint(completePoint(study.spec ?? {}, moved));
    }
  };
  const [least, most] = view ? rangeOf(view.contour[quantity]) : [0, 0];
  return (
    <section class="panel" aria-labelledby="heat-title" aria-busy={loading}>
      <header class="panel-head">
        <h2 id="heat-title">Two parameters</h2>
        <NameSelect label="across" value={x} names={names} onChange={(name) => setChosen([name, y])} />
        <NameSelect
          label="up"
          value={y}
          names={names.filter((name) => name !== x)}
          onChange={(name) => setChosen([x, name])}
        />
        <div class="segmented" role="group" aria-label="Shown as colour">
          {quantities.map((one) => (
            <button
              key={one}
              type="button"
              class="toggle"
              aria-pressed={one === quantity}
              onClick={() => setQuantity(one)}
            >
              {labelOf(one, metric)}
            </button>
          ))}
        </div>
      </header>
      {error && <Alert>{error.message}</Alert>}
      {view === null ? (
        <div class="chart chart-large" aria-busy="true" />
      ) : (
        <>
          <Chart size="tall" label={describeHeat(view)} option={option} onPoint={click} />
          <p class="heat-scale">
            <span>{formatNumber(least)}</span>
            <span class="heat-bar" aria-hidden="true" />
            <span>{formatNumber(most)}</span>
            <span class="muted">A click on the map moves the point there.</span>
          </p>
          <Behind
            label={`${labelOf(quantity, metric)} over ${view.contour.x.parameter} and ${view.contour.y.parameter}`}
            heads={[view.contour.x.parameter, view.contour.y.parameter, humanize(quantity)]}
            rows={cellsOf(view).map(({ point, value }) => [
              formatParam(point.x),
              formatParam(point.y),
              formatNumber(value[2]),
            ])}
          />
        </>
      )}
    </section>
  );
}
