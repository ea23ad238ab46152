// What the study would try next, were it asked now: to be looked at, changed, put first, or refused.
import { useState } from 'preact/hooks';
import { enqueue, retryTrial, veto } from '../../api/client';
import type { NextSuggestion, Params, Study, Trial } from '../../api/types';
import { Alert } from '../../components/notices';
import { formatNumber, formatParam } from '../../format';
import { hrefOf } from '../../router';
import { may } from '../../store/session';

const words = (reason: unknown): string => (reason instanceof Error ? reason.message : String(reason));

const asText = (params: Params): string =>
  Object.entries(params)
    .map(([name, value]) => `${name} ${formatParam(value)}`)
    .join(', ');

// Points that users have refused, each with a way back.
function Vetoed({ study, trials, onError }: { study: Study; trials: readonly Trial[]; onError: (e: unknown) => void }) {
  const vetoed = trials.filter(({ suggestion }) => suggestion?.method === 'vetoed');
  if (vetoed.length === 0) return null;
  return (
    <details class="behind behind-flush">
      <summary>{vetoed.length === 1 ? '1 point is vetoed' : `${vetoed.length} points are vetoed`}</summary>
      <ul class="vetoed" aria-label="Vetoed points">
        {vetoed.map(({ id, params, reason }) => (
          <li key={id}>
            <span>
              <a href={hrefOf({ page: 'study', study: study.id, trial: id })}>#{id}</a> {asText(params)}
              {reason && <span class="muted"> · {reason}</span>}
            </span>
            {may('operator') && (
              <button
                type="button"
                class="toggle"
                aria-label={`Try it after all: the point of trial ${id}`}
                onClick={() => void retryTrial(study.id, id).catch(onError)}
              >
                Try it after all
              </button>
            )}
          </li>
        ))}
      </ul>
    </details>
  );
}

interface Props {
  study: Study;
  trials: readonly Trial[];
  next: NextSuggestion;
  asking: boolean; // for another one
  onShow: (params: Params) => void;
}

export function NextPanel({ study, trials, next, asking, onShow }: Props) {
  const [message, setMessage] = useState('');
  const [error, setError] = useState('');
  const [busy, setBusy] = useState(false);
  const [reason, setReason] = useState('');
  const { mean, sd, log_ei: logEi, method, note } = next.suggestion;
  const run = (act: Promise<Trial>, said: (trial: Trial) => string) => {
    setBusy(true);
    setError('');
    setMessage('');
    act
      .then(
        (trial) => setMessage(said(trial)),
        (failure: unknown) => setError(words(failure)),
      )
      .finally(() => setBusy(false));
  };
  const pin = () => run(enqueue(study.id, next.params), ({ id }) => `Trial ${id} waits for this point.`);
  const refuse = () => {
    run(veto(study.id, next.params, reason.trim()), ({ id }) => `Vetoed, as trial ${id}. This is another one.`);
    setReason('');
  };
  return (
    <section class="panel point-panel" aria-labelledby="next-title" data-next={next.id} aria-busy={asking}>
      <header class="panel-head">
        <h2 id="next-title">Next suggestion</h2>
        <span class="muted">{asking ? 'asking for another …' : `would be trial ${next.id}`}</span>
      </header>
      <div class="point-body">
        <dl class="facts" aria-busy={asking}>
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
          {may('operator') && (
            <button
              type="button"
              class="button"
              disabled={busy || asking}
              title="It is tried before all others"
              onClick={pin}
            >
              Pin it
            </button>
          )}
        </div>
        {may('operator') && (
          <form
            class="veto"
            onSubmit={(event) => {
              event.preventDefault();
              refuse();
            }}
          >
            <input
              type="text"
              class="filter"
              placeholder="Why not (may be left empty)"
              aria-label="Reason of the veto"
              maxLength={200}
              value={reason}
              onInput={(event) => setReason(event.currentTarget.value)}
            />
            <button type="submit" class="button button-danger" disabled={busy || asking}>
              Veto it
            </button>
          </form>
        )}
        {message && <p role="status">{message}</p>}
        {error && <Alert>{error}</Alert>}
        <Vetoed study={study} trials={trials} onError={(failure) => setError(words(failure))} />
      </div>
    </section>
  );
}
