// The trials: filtered, with the columns that were chosen, and saved as a file as they are shown.
import { useMemo, useRef, useState } from 'preact/hooks';
import type { Trial } from '../../api/types';
import { DataTable } from '../../components/data_table';
import { Empty } from '../../components/notices';
import { save, toCsv, toJson } from '../../store/export';
import type { StudyData } from '../../store/study_state';
import { parseFilter } from '../../store/trial_filter';
import { trialColumns } from './trial_columns';

const tableHeight = 34 * 15;
const sampleSize = 200;
const idOf = (trial: Trial): number => trial.id;

interface ToolsProps {
  count: number;
  shown: number;
  filter: string;
  error: string;
  metric: string;
  onFilter: (text: string) => void;
  onSave: (kind: 'csv' | 'json') => void;
}

function Tools({ count, shown, filter, error, metric, onFilter, onSave }: ToolsProps) {
  return (
    <header class="panel-head">
      <h2 id="trials-title">Trials</h2>
      <span class="muted">{shown === count ? count : `${shown} of ${count}`}</span>
      <input
        type="search"
        class="search trial-filter"
        placeholder={`${metric} > 0.9 state = completed`}
        aria-label="Filter the trials"
        aria-invalid={error !== ''}
        value={filter}
        onInput={(event) => onFilter(event.currentTarget.value)}
      />
      <span class="segmented">
        <button type="button" class="toggle" disabled={shown === 0} onClick={() => onSave('csv')}>
          Save as CSV
        </button>
        <button type="button" class="toggle" disabled={shown === 0} onClick={() => onSave('json')}>
          JSON
        </button>
      </span>
      {error && (
        <p class="filter-error" role="status">
          {error}
        </p>
      )}
    </header>
  );
}

function Columns({
  names,
  hidden,
  onChange,
}: {
  names: readonly string[];
  hidden: ReadonlySet<string>;
  onChange: (hidden: ReadonlySet<string>) => void;
}) {
  const toggle = (name: string) => {
    const changed = new Set(hidden);
    if (!changed.delete(name)) changed.add(name);
    onChange(changed);
  };
  return (
    <details class="behind">
      <summary>Columns{hidden.size > 0 && `, ${hidden.size} hidden`}</summary>
      <ul class="axis-order">
        {names.map((name) => (
          <li key={name}>
            <label>
              <input type="checkbox" checked={!hidden.has(name)} onChange={() => toggle(name)} /> {name}
            </label>
          </li>
        ))}
      </ul>
    </details>
  );
}

interface Props {
  data: StudyData;
  names: readonly string[];
  selected: number | null;
  best: number | null;
  onTrial: (trial: number) => void;
}

export function TrialTable({ data, names, selected, best, onTrial }: Props) {
  const { study, trials } = data;
  const [text, setText] = useState('');
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const latest = useRef(data.latest);
  latest.current = data.latest;
  const metric = study.spec?.metric?.name ?? 'value';
  const shownNames = useMemo(() => names.filter((name) => !hidden.has(name)), [names, hidden]);
  const columns = useMemo(
    () => trialColumns({ study, trials, names: shownNames, latest: () => latest.current }),
    [study.id, study.spec, shownNames, Math.min(trials.length, sampleSize)],
  );
  const filter = useMemo(() => parseFilter(text, metric, names), [text, metric, names]);
  const shown = useMemo(() => (text.trim() === '' ? trials : trials.filter(filter.test)), [trials, filter]);
  const onSave = (kind: 'csv' | 'json') => {
    if (kind === 'csv') save(`${study.name}.csv`, 'text/csv', toCsv(shown, metric, shownNames));
    else save(`${study.name}.json`, 'application/json', toJson(shown, shownNames));
  };
  return (
    <section class="panel" aria-labelledby="trials-title">
      {trials.length === 0 ? (
        <>
          <header class="panel-head">
            <h2 id="trials-title">Trials</h2>
          </header>
          <Empty title="No trials yet." />
        </>
      ) : (
        <>
          <Tools
            count={trials.length}
            shown={shown.length}
            filter={text}
            error={filter.error}
            metric={metric}
            onFilter={setText}
            onSave={onSave}
          />
          <Columns names={names} hidden={hidden} onChange={setHidden} />
          <DataTable
            label="Table of the trials"
            columns={columns}
            rows={shown}
            keyOf={idOf}
            initialSort={{ column: 'id', descending: true }}
            height={tableHeight}
            rowClass={(trial) => (trial.id === best ? 'best-row' : '')}
            selected={selected}
            onSelect={onTrial}
          />
        </>
      )}
    </section>
  );
}
