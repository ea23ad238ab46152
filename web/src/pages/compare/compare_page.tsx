// Several studies over one another: their best so far, and what they found.
import { useCallback, useEffect, useState } from 'preact/hooks';
import { getHistory, getStudy } from '../../api/client';
import {
  canCompareLogarithmically,
  compareOption,
  type Compared,
  describeCompared,
  lookOf,
  sharedMetric,
} from '../../charts/compare';
import { Chart } from '../../components/chart';
import { LogToggle } from '../../components/log_toggle';
import { Alert, Empty } from '../../components/notices';
import { StateBadge } from '../../components/state_badge';
import { formatNumber, formatParam, humanize } from '../../format';
import { hrefOf } from '../../router';
import { progressOf } from '../../store/progress';
import { hasEnded } from '../../store/study_state';
import { useAnswer } from '../../store/use_answer';
import type { Palette } from '../../theme';

// Several streams of events would take the connections of the other tabs; studies that go on are asked again.
const againMs = 5000;

function load(ids: readonly string[], abort: AbortSignal): Promise<Compared[]> {
  return Promise.all(
    ids.map(async (id) => {
      const [study, history] = await Promise.all([getStudy(id, abort), getHistory(id, '', abort)]);
      return { study, history };
    }),
  );
}

function Legend({ compared }: { compared: readonly Compared[] }) {
  return (
    <ul class="legend" aria-label="Legend">
      {compared.map(({ study }, i) => {
        const { colour, form } = lookOf(i);
        const stroke = { stroke: `var(--${colour})`, strokeDasharray: form === 'dashed' ? '4 3' : undefined };
        return (
          <li key={study.id}>
            <svg class="key" viewBox="0 0 18 10" aria-hidden="true">
              <path d="M0 5h18" style={stroke} />
            </svg>
            {study.name}
          </li>
        );
      })}
    </ul>
  );
}

function Table({ compared }: { compared: readonly Compared[] }) {
  const names = [...new Set(compared.flatMap(({ study }) => Object.keys(study.spec?.parameters ?? {})))];
  return (
    <div class="panel table-scroll" tabIndex={0} role="region" aria-label="What they found">
      <table class="plain-table">
        <caption class="sr-only">The best trial of each study</caption>
        <thead>
          <tr>
            <th scope="col">Study</th>
            <th scope="col">State</th>
            <th scope="col">Method</th>
            <th scope="col" class="right">
              Trials
            </th>
            <th scope="col" class="right">
              Best value
            </th>
            {names.map((name) => (
              <th key={name} scope="col" class="right">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {compared.map(({ study }) => (
            <tr key={study.id}>
              <th scope="row">
                <a href={hrefOf({ page: 'study', study: study.id, trial: null })}>{study.name}</a>
              </th>
              <td>
                <StateBadge state={study.state} plain />
              </td>
              <td>{study.spec?.method ?? '–'}</td>
              <td class="right">{progressOf(study).done}</td>
              <td class="right">
                {study.best ? (
                  <a href={hrefOf({ page: 'study', study: study.id, trial: study.best.trial })}>
                    {formatNumber(study.best.value, { fixed: true })}
                  </a>
                ) : (
                  '–'
                )}
              </td>
              {names.map((name) => (
                <td key={name} class="right">
                  {formatParam(study.best?.params[name])}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

export function ComparePage({ studies }: { studies: readonly string[] }) {
  const [round, setRound] = useState(0);
  const [log, setLog] = useState(false);
  const answer = useAnswer(JSON.stringify([studies, round]), (abort) => load(studies, abort));
  const compared = answer.value ?? [];
  const goesOn = answer.value === null || compared.some(({ study }) => !hasEnded(study));
  useEffect(() => {
    document.title = 'Compare · Krige';
  }, []);
  useEffect(() => {
    if (!goesOn || answer.loading) return undefined;
    const timer = setTimeout(() => setRound(round + 1), againMs);
    return () => clearTimeout(timer);
  }, [goesOn, answer.loading, round]);
  const logAllowed = canCompareLogarithmically(compared);
  const option = useCallback(
    (palette: Palette) => compareOption(answer.value ?? [], log && logAllowed, palette),
    [answer.value, log, logAllowed],
  );
  const metric = sharedMetric(compared);
  return (
    <main class="page" aria-busy={answer.value === null}>
      <header class="page-head">
        <div class="page-title">
          <h1>Compare</h1>
          <span class="muted">{studies.length} studies</span>
        </div>
      </header>
      {answer.error && <Alert>{answer.error.message}</Alert>}
      {answer.value === null && !answer.error && (
        <p class="loading" role="status">
          Loading the studies …
        </p>
      )}
      {compared.length > 0 && (
        <div class="column-main">
          <section class="panel" aria-labelledby="compare-title">
            <header class="panel-head">
              <h2 id="compare-title">Best so far{metric !== null && `, ${humanize(metric)}`}</h2>
              <Legend compared={compared} />
              <LogToggle on={log && logAllowed} disabled={!logAllowed} onChange={setLog} />
            </header>
            {metric === null && <Alert>These studies measure different things, or in different directions.</Alert>}
            {compared.every(({ study }) => study.best === null) ? (
              <Empty title="None of them has a value yet." />
            ) : (
              <Chart size="tall" label={describeCompared(compared)} option={option} />
            )}
          </section>
          <Table compared={compared} />
        </div>
      )}
    </main>
  );
}
