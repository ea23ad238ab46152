// Whether the model is to be believed, and what it holds for important.
import { useCallback } from 'preact/hooks';
import type { Importance, Trust } from '../../api/types';
import { calibrationOption, describeCalibration, verdict } from '../../charts/calibration';
import { Bars } from '../../components/bars';
import { Behind } from '../../components/behind';
import { Chart } from '../../components/chart';
import { formatNumber } from '../../format';
import type { Palette } from '../../theme';
import { byTotal, ImportanceBars } from './importance_bars';

const percent = (part: number): string => `${Math.round(100 * part)} %`;

interface CalibrationProps {
  trust: Trust;
  metric: string;
  onTrial: (trial: number) => void;
}

export function CalibrationPanel({ trust, metric, onTrial }: CalibrationProps) {
  const option = useCallback((palette: Palette) => calibrationOption(trust, metric, palette), [trust, metric]);
  return (
    <section class="panel" aria-labelledby="trust-title">
      <header class="panel-head">
        <h2 id="trust-title">Can it be trusted?</h2>
        <span class="muted">each trial, predicted from all others ± 2σ</span>
      </header>
      <Chart
        size="large"
        label={describeCalibration(trust, metric)}
        option={option}
        onPoint={(data) => {
          const { trial } = data as { trial?: number };
          if (trial !== undefined) onTrial(trial);
        }}
      />
      <p class="verdict">{verdict(trust)}</p>
      <dl class="facts facts-inset">
        <dt>Within ± 1σ (68 % expected)</dt>
        <dd>{percent(trust.within_1_sd)}</dd>
        <dt>Within ± 2σ (95 % expected)</dt>
        <dd>{percent(trust.within_2_sd)}</dd>
        <dt>Typical error (RMSE)</dt>
        <dd>{formatNumber(trust.rmse)}</dd>
      </dl>
      <Behind
        label="Each trial, predicted from all others"
        heads={['Trial', 'measured', 'predicted', '− 2σ', '+ 2σ', 'z']}
        rows={trust.leave_one_out.map((one) => [
          one.trial,
          ...[one.value, one.mean, one.low, one.high, one.z].map((number) => formatNumber(number)),
        ])}
      />
    </section>
  );
}

export function ImportancePanel({ trust, importance }: { trust: Trust; importance: Importance | null }) {
  const relevance = trust.lengthscales.map((one) => 1 / one.lengthscale);
  const most = Math.max(...relevance);
  return (
    <section class="panel" aria-labelledby="importance-title" aria-busy={importance === null}>
      <header class="panel-head">
        <h2 id="importance-title">What matters</h2>
      </header>
      <div class="point-body">
        <h3>Importance: share of the mean’s variation; dark, what it explains alone (Sobol indices)</h3>
        <ImportanceBars parameters={importance === null ? [] : byTotal(importance)} />
        <h3>Lengthscales: the shorter, the faster the model expects change (1 = the whole range)</h3>
        <Bars
          label="Relevance by lengthscale"
          bars={trust.lengthscales.map(({ parameter, lengthscale }, i) => ({
            label: parameter,
            value: lengthscale,
            part: (relevance[i] as number) / most,
            text: formatNumber(Number(lengthscale.toPrecision(3))),
          }))}
        />
        <dl class="facts">
          <dt>Noise, σ</dt>
          <dd>{formatNumber(trust.noise_sd)}</dd>
          <dt>Observations</dt>
          <dd>{trust.observations}</dd>
          <dt>Last fit</dt>
          <dd>
            #{trust.fit}, after {trust.finished} trials
          </dd>
          <dt>Values</dt>
          <dd>{trust.warp === 'none' ? 'as measured' : 'bad half compressed'}</dd>
        </dl>
      </div>
    </section>
  );
}
