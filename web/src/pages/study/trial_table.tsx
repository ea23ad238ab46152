// The trials: filtered and sorted by the server, with the columns that were chosen, and saved as a file as they are shown.
import { useCallback, useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { Trial } from '../../api/types';
import { CompareTrials, mostTrialsCompared } from '../../components/compare_link';
import { Empty } from '../../components/notices';
import { TableView } from '../../components/table_view';
import type { Sort } from '../../components/virtual_rows';
import { csvHead, csvRows, jsonTrials, save } from '../../store/export';
import type { StudyData } from '../../store/study_state';
import { indexOf, newestFirst, rowAt, type TrialRows } from '../../store/trial_rows';
import { useSettled } from '../../store/use_settled';
import { orderOf, trialColumns } from './trial_columns';

const tableHeight = 34 * 15;
const sampleSize = 200;
const settleMs = 200;
const firstSort: Sort = { column: 'id', descending: true };
const idOf = (trial: Trial): number => trial.id;

type Kind = 'csv' | 'json';

interface ToolsProps {
  count: number;
  shown: number;
  filter: string;
  error: string;
  example: string;
  saving: number | null; // per cent of the file that is there
  onFilter: (text: string) => void;
  onSave: (kind: Kind) => void;
  onStop: () => void;
}

function Tools({ count, shown, filter, error, example, saving, onFilter, onSave, onStop }: ToolsProps) {
  return (
    <header class="panel-head">
      <h2 id="trials-title">Trials</h2>
      <span class="muted">{shown === count ? count : `${shown} of ${count}`}</span>
      <input
        type="search"
        class="search trial-filter"
        placeholder={example}
        aria-label="Filter the trials"
        aria-invalid={error !== ''}
        value={filter}
        onInput={(event) => onFilter(event.currentTarget.value)}
      />
      {saving === null ? (
        <span class="segmented">
          <button type="button" class="toggle" disabled={shown === 0} onClick={() => onSave('csv')}>
            Save as CSV
          </button>
          <button type="button" class="toggle" disabled={shown === 0} onClick={() => onSave('json')}>
            JSON
          </button>
        </span>
      ) : (
        <button type="button" class="toggle" onClick={onStop}>
          {saving} % read, cancel
        </button>
      )}
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

interface Format {
  type: string;
  before: string;
  between: string;
  after: string;
  rows: (trials: readonly Trial[]) => string;
}

// Writes what the table shows, page after page: nothing but the text is kept.
function useSaving(rows: TrialRows, name: string, formatOf: (kind: Kind) => Format) {
  const [saving, setSaving] = useState<number | null>(null);
  const [error, setError] = useState('');
  const running = useRef<AbortController | null>(null);
  useEffect(() => () => running.current?.abort(), []);
  const start = async (kind: Kind) => {
    const controller = new AbortController();
    running.current = controller;
    setSaving(0);
    setError('');
    const { type, before, between, after, rows: textOf } = formatOf(kind);
    const parts = [before];
    let done = 0;
    try {
      for await (const { trials, total } of rows.all(controller.signal)) {
        if (done > 0) parts.push(between);
        parts.push(textOf(trials));
        done += trials.length;
        setSaving(Math.floor((100 * done) / Math.max(1, total)));
      }
      save(`${name}.${kind}`, type, [...parts, after]);
    } catch (reason) {
      if (!controller.signal.aborted) setError(reason instanceof Error ? reason.message : String(reason));
    }
    setSaving(null);
  };
  return { saving, error, start, stop: () => running.current?.abort() };
}

interface Props {
  data: StudyData;
  rows: TrialRows;
  names: readonly string[];
  selected: number | null;
  best: number | null;
  onTrial: (trial: number) => void;
}

export function TrialTable({ data, rows, names, selected, best, onTrial }: Props) {
  const { study, trials } = data;
  const [text, setText] = useState('');
  const [sort, setSort] = useState<Sort>(firstSort);
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const latest = useRef(data.latest);
  latest.current = data.latest;
  const metric = data.history.objective;
  const several = study.spec?.objectives !== undefined;
  const count = Object.values(study.trial_counts).reduce((sum, one) => sum + one, 0);
  const shownNames = useMemo(() => names.filter((name) => !hidden.has(name)), [names, hidden]);
  const columns = useMemo(
    () => trialColumns({ study, trials, names: shownNames, latest: () => latest.current }),
    [study.id, study.spec, shownNames, Math.min(trials.length, sampleSize)],
  );
  const filter = useSettled(text, settleMs);
  useEffect(() => rows.ask({ filter, order: orderOf(sort, several ? metric : 'value') }), [rows, filter, sort, metric]);
  const held = rows.rows.value;
  const at = useCallback((index: number) => rowAt(held, index), [held]);
  const shown = held.query === newestFirst ? Math.max(held.total, count) : held.total;
  const shownIds = (held.pages.get(0) ?? []).map(({ id }) => id);
  const onView = useCallback((first: number, end: number) => rows.show(first, end), [rows]);
  const saver = useSaving(rows, study.name, (kind) =>
    kind === 'csv'
      ? {
          type: 'text/csv',
          before: csvHead(metric, shownNames),
          between: '',
          after: '',
          rows: (some) => csvRows(some, metric, shownNames),
        }
      : {
          type: 'application/json',
          before: '{"trials": [\n',
          between: ',\n',
          after: '\n]}\n',
          rows: (some) => jsonTrials(some, shownNames),
        },
  );
  if (count === 0 && trials.length === 0) {
    return (
      <section class="panel" aria-labelledby="trials-title">
        <header class="panel-head">
          <h2 id="trials-title">Trials</h2>
        </header>
        <Empty title="No trials yet." />
      </section>
    );
  }
  return (
    <section class="panel" aria-labelledby="trials-title" aria-busy={rows.loading.value}>
      <Tools
        count={count}
        shown={shown}
        filter={text}
        error={saver.error || rows.error.value}
        example={`${metric} > 0.9 state = completed`}
        saving={saver.saving}
        onFilter={setText}
        onSave={(kind) => void saver.start(kind)}
        onStop={saver.stop}
      />
      {shown < count && shown <= mostTrialsCompared && <CompareTrials study={study.id} trials={shownIds} />}
      <Columns names={names} hidden={hidden} onChange={setHidden} />
      <TableView
        label="Table of the trials"
        columns={columns}
        count={shown}
        rowAt={at}
        indexOf={(trial) => indexOf(held, trial)}
        keyOf={idOf}
        sort={sort}
        onSort={setSort}
        onView={onView}
        height={tableHeight}
        rowClass={(trial) => (trial.id === best ? 'best-row' : '')}
        selected={selected}
        onSelect={onTrial}
      />
    </section>
  );
}
