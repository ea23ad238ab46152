// Which parameters matter, by the study's Gaussian process, beside its trials.
import { getImportance } from '../../api/client';
import type { Study, Trial } from '../../api/types';
import { Alert } from '../../components/notices';
import { hrefOf } from '../../router';
import { severalObjectives } from '../../store/objectives';
import { progressOf } from '../../store/progress';
import { useAnswer } from '../../store/use_answer';
import { byTotal, ImportanceBars } from '../model/importance_bars';

const mostShown = 8;
// Fits come with every tenth more trials; between, the answer hardly moves.
const growth = 1.1;

const generation = (done: number): number => (done < 20 ? done : Math.floor(Math.log(done) / Math.log(growth)));

export function ImportancePanel({ study, trials }: { study: Study; trials: readonly Trial[] }) {
  // Where no suggestion came from a fit there is none to ask about yet.
  const fitted = trials.some(({ suggestion }) => suggestion?.fit !== undefined);
  const explained = fitted && study.spec?.method === 'gp' && severalObjectives(study.spec).length === 0;
  const { done } = progressOf(study);
  const key = explained ? `${study.id}/${generation(done)}` : null;
  const { value, error } = useAnswer(key, (abort) => getImportance(study.id, abort));
  if (key === null || (value === null && error === null)) return null;
  const sorted = value === null ? [] : byTotal(value);
  return (
    <section class="panel" aria-labelledby="what-matters-title">
      <header class="panel-head">
        <h2 id="what-matters-title">What matters</h2>
        <span class="muted">share of the variation; dark, what a parameter explains alone</span>
        <a class="panel-link" href={hrefOf({ page: 'model', study: study.id, trial: null })}>
          The model
        </a>
      </header>
      <div class="point-body">
        {error && <Alert>{error.message}</Alert>}
        <ImportanceBars parameters={sorted.slice(0, mostShown)} />
        {sorted.length > mostShown && (
          <details class="behind behind-flush">
            <summary>{sorted.length - mostShown} more, which matter less</summary>
            <ImportanceBars parameters={sorted.slice(mostShown)} />
          </details>
        )}
      </div>
    </section>
  );
}
