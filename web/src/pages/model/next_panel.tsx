// What the study would try next, were it asked now.
import { useState } from 'preact/hooks';
import { enqueue } from '../../api/client';
import type { NextSuggestion, Params, Study } from '../../api/types';
import { Alert } from '../../components/notices';
import { formatNumber, formatParam } from '../../format';

interface Props {
  study: Study;
  next: NextSuggestion;
  onShow: (params: Params) => void;
}

export function NextPanel({ study, next, onShow }: Props) {
  const [error, setError] = useState('');
  const { mean, sd, log_ei: logEi, method, note } = next.suggestion;
  const pin = () => {
    setError('');
    enqueue(study.id, next.params).catch((reason: unknown) =>
      setError(reason instanceof Error ? reason.message : String(reason)),
    );
  };
  return (
    <section class="panel point-panel" aria-labelledby="next-title" data-next={next.id}>
      <header class="panel-head">
        <h2 id="next-title">Next suggestion</h2>
        <span class="muted">would be trial {next.id}</span>
      </header>
      <div class="point-body">
        <dl class="facts">
          {Object.entries(next.params).map(([name, value]) => [
            <dt key={`${name}-name`} title={name}>
              {name}
            </dt>,
            <dd key={name}>{formatParam(value)}</dd>,
          ])}
          {mean !== undefined &&
            sd !== undefined && [
              <dt key="expected-name">Expected there</dt>,
              <dd key="expected">
                {formatNumber(mean)} <span class="muted">± {formatNumber(2 * sd)}</span>
              </dd>,
            ]}
          {logEi !== undefined && [
            <dt key="ei-name">Expected improvement</dt>,
            <dd key="ei">{formatNumber(Math.exp(logEi))}</dd>,
          ]}
          <dt>Chosen by</dt>
          <dd>{note ? `${method}: ${note}` : method}</dd>
        </dl>
        <div class="actions">
          <button type="button" class="button" onClick={() => onShow(next.params)}>
            Look at it or change it
          </button>
          <button type="button" class="button" onClick={pin}>
            Pin it
          </button>
        </div>
        {error && <Alert>{error}</Alert>}
      </div>
    </section>
  );
}
