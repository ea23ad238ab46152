import { useCallback, useState } from 'preact/hooks';
import { getHistory } from '../../api/client';
import type { History, Study } from '../../api/types';
import { canBeLogarithmic, describeHistory, historyOption, isEmpty, type Point } from '../../charts/history';
import { Chart } from '../../components/chart';
import { LogToggle } from '../../components/log_toggle';
import { Empty } from '../../components/notices';
import { NameSelect } from '../../components/name_select';
import { formatNumber } from '../../format';
import { hrefOf } from '../../router';
import { severalObjectives } from '../../store/objectives';
import { useAnswer } from '../../store/use_answer';
import { useThrottled } from '../../store/use_throttled';
import type { Palette } from '../../theme';

function Improvements({
  study,
  improvements,
  metric,
}: {
  study: Study;
  improvements: readonly Point[];
  metric: string;
}) {
  return (
    <details class="behind">
      <summary>Show as a table</summary>
      <div class="behind-box" tabIndex={0} role="region" aria-label="Improvements">
        <table class="plain-table">
          <caption class="sr-only">Each trial that was the best so far</caption>
          <thead>
            <tr>
              <th scope="col">Trial</th>
              <th scope="col" class="right">
                Best {metric} so far
              </th>
            </tr>
          </thead>
          <tbody>
            {improvements.map(([trial, value]) => (
              <tr key={trial}>
                <td>
                  <a href={hrefOf({ page: 'study', study: study.id, trial })}>{trial}</a>
                </td>
                <td class="right">{formatNumber(value, { fixed: true })}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}

const againMs = 2000;

interface Props {
  study: Study;
  history: History; // of the first objective
  asks?: boolean; // whether the histories of the others can be asked for
  onTrial: (trial: number) => void;
}

export function HistoryPanel({ study, history: first, asks = true, onTrial }: Props) {
  const objectives = asks ? severalObjectives(study.spec) : [];
  const [chosen, setChosen] = useState(first.objective);
  const other = chosen !== first.objective && objectives.some(({ name }) => name === chosen);
  const ended = useThrottled(first.trials, againMs);
  const answer = useAnswer(other ? `${chosen}/${ended}` : null, (abort) => getHistory(study.id, chosen, abort));
  const history = other && answer.value?.objective === chosen ? answer.value : first;
  const metric = history.objective;
  const logAllowed = canBeLogarithmic(history);
  const [log, setLog] = useState(false);
  const option = useCallback(
    (palette: Palette) => historyOption(history, metric, log && logAllowed, palette),
    [history, metric, log, logAllowed],
  );
  return (
    <section class="panel" aria-labelledby="history-title">
      <header class="panel-head">
        <h2 id="history-title">Best so far</h2>
        {objectives.length > 0 && (
          <NameSelect
            label="Objective"
            names={objectives.map(({ name }) => name)}
            value={chosen}
            spoken
            onChange={setChosen}
          />
        )}
        <ul class="legend" aria-label="Legend">
          <li>
            <svg class="key" viewBox="0 0 18 10" aria-hidden="true">
              <path class="key-line" d="M1 8h7V3h9" />
            </svg>
            best so far
          </li>
          <li>
            <svg class="key" viewBox="0 0 18 10" aria-hidden="true">
              <circle class="key-dot" cx="9" cy="5" r="3.2" />
            </svg>
            trial
          </li>
          {history.pruned.length > 0 && (
            <li>
              <svg class="key" viewBox="0 0 18 10" aria-hidden="true">
                <path class="key-pruned" d="M9 1.5l4 7H5z" />
              </svg>
              pruned
            </li>
          )}
          {history.lost.length > 0 && (
            <li>
              <svg class="key" viewBox="0 0 18 10" aria-hidden="true">
                <path class="key-lost" d="M5.5 1.5l7 7M12.5 1.5l-7 7" />
              </svg>
              without a value
            </li>
          )}
        </ul>
        <LogToggle on={log && logAllowed} disabled={!logAllowed} onChange={setLog} />
      </header>
      {isEmpty(history) ? (
        <div class="chart chart-large chart-empty">
          <Empty title="No trial has ended yet.">The first values appear here.</Empty>
        </div>
      ) : (
        <>
          <Chart
            size="large"
            label={describeHistory(history, metric)}
            option={option}
            onPoint={(data) => onTrial((data as Point)[0])}
          />
          <Improvements study={study} improvements={history.improvements} metric={metric} />
        </>
      )}
    </section>
  );
}
