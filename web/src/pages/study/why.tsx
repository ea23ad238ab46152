// Why a trial was tried: what the model expected of its point, where that came from, and what was known nearby.
import { getReason } from '../../api/client';
import type { Reason, Study, Trial } from '../../api/types';
import { formatNumber } from '../../format';
import { hrefOf } from '../../router';
import { motive, outcome } from '../../store/reason';
import { isDone } from '../../store/study_state';
import { useAnswer } from '../../store/use_answer';

function Nearest({ study, reason }: { study: Study; reason: Reason }) {
  return (
    <table class="params">
      <caption class="sr-only">The nearest trials that were known, by the model</caption>
      <thead>
        <tr>
          <th scope="col">Nearest trials</th>
          <th scope="col">value</th>
          <th scope="col">nearness</th>
        </tr>
      </thead>
      <tbody>
        {reason.nearest.map(({ trial, value, nearness }) => (
          <tr key={trial}>
            <th scope="row">
              <a href={hrefOf({ page: 'study', study: study.id, trial })}>#{trial}</a>
            </th>
            <td>{formatNumber(value, { fixed: true })}</td>
            <td class="muted">{formatNumber(Number(nearness.toFixed(2)))}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

export function Why({ study, trial }: { study: Study; trial: Trial }) {
  const asks = study.spec?.method === 'gp' && trial.suggestion?.mean !== undefined;
  const key = asks ? `${trial.id}/${isDone(trial.state)}` : null;
  const { value: reason } = useAnswer(key, (abort) => getReason(study.id, trial.id, abort));
  if (!asks || reason === null || reason.trial !== trial.id) return null;
  const { log_ei: logEi } = reason.suggestion;
  return (
    <section aria-label="Why this point" class="why">
      <h3>Why this point</h3>
      {reason.exploitation !== null && <p>{motive(reason.exploitation)}</p>}
      <p class="muted">
        {logEi !== undefined && <>Expected improvement {formatNumber(Math.exp(logEi))}</>}
        {reason.best_before && (
          <>
            {' '}
            on {formatNumber(reason.best_before.value)} of trial {reason.best_before.trial}
          </>
        )}
        . {outcome(trial)}
      </p>
      <Nearest study={study} reason={reason} />
      <p>
        <a href={hrefOf({ page: 'model', study: study.id, trial: trial.id })}>The model through this point</a>
      </p>
    </section>
  );
}
