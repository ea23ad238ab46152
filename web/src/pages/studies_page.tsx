import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { type Study, type StudyState, studyStates } from '../api/types';
import { mostCompared } from '../charts/compare';
import { Age } from '../components/clock';
import { Alert, ConnectionStatus, Empty } from '../components/notices';
import { ProgressBar } from '../components/progress_bar';
import { Sparkline } from '../components/sparkline';
import { StateBadge } from '../components/state_badge';
import { explainReason, formatNumber, humanize } from '../format';
import { hrefOf } from '../router';
import { progressOf } from '../store/progress';
import { session } from '../store/session';
import { type StudyOrder, sortStudies } from '../store/studies_order';
import { StudiesStore } from '../store/studies_store';
import { NewStudy } from './new_study';
import { StudyActions } from './study/actions';

interface RowProps {
  study: Study;
  chosen: boolean;
  onChoose: () => void;
  onManage: () => void;
}

const trialsOf = (study: Study): number => Object.values(study.trial_counts).reduce((sum, count) => sum + count, 0);
const metricOf = (study: Study): string => study.spec?.metric?.name ?? study.spec?.objectives?.[0]?.name ?? '';

function Row({ study, chosen, onChoose, onManage }: RowProps) {
  const { done, budget } = progressOf(study);
  return (
    <tr data-study={study.id}>
      <td class="study-choice">
        <input type="checkbox" aria-label={`Compare ${study.name}`} checked={chosen} onChange={onChoose} />
      </td>
      <th scope="row" class="study-name">
        <a href={hrefOf({ page: 'study', study: study.id, trial: null })} title={study.name}>
          {study.name}
        </a>
      </th>
      <td title={study.state_reason && explainReason(study.state_reason)}>
        <StateBadge state={study.state} />
      </td>
      <td class="right study-best">
        <span class="value">{study.best ? formatNumber(study.best.value, { fixed: true }) : '–'}</span>
        <span class="metric-name" title={metricOf(study)}>
          {humanize(metricOf(study))}
        </span>
      </td>
      <td class="study-spark">
        <Sparkline
          improvements={study.improvements}
          trials={trialsOf(study)}
          label={`Best so far over ${trialsOf(study)} trials: ${study.improvements.length} improvements`}
        />
      </td>
      <td class="study-progress">
        <span class="progress-text">
          {done}
          {budget !== null && <span class="muted"> of {budget}</span>}
        </span>
        <ProgressBar study={study} />
      </td>
      <td class="right muted study-age">
        <Age since={study.created_at} />
      </td>
      <td class="right study-manage">
        <button type="button" class="toggle" aria-label={`Manage ${study.name}`} onClick={onManage}>
          Manage
        </button>
      </td>
    </tr>
  );
}

interface TableProps {
  studies: readonly Study[];
  order: StudyOrder;
  onOrder: (order: StudyOrder) => void;
  chosen: readonly string[];
  onChoose: (id: string) => void;
  onManage: (id: string) => void;
}

function StudyTable({ studies, order, onOrder, chosen, onChoose, onManage }: TableProps) {
  const head = (by: StudyOrder['by'], label: string, className = '') => {
    const direction = order.by !== by ? 'none' : order.descending ? 'descending' : 'ascending';
    return (
      <th scope="col" class={className} aria-sort={direction}>
        <button
          type="button"
          class="sort"
          onClick={() => onOrder({ by, descending: order.by === by ? !order.descending : by !== 'name' })}
        >
          <span class="sort-label">{label}</span>
          <span class="sort-mark" aria-hidden="true">
            {direction === 'none' ? '' : direction === 'descending' ? '↓' : '↑'}
          </span>
        </button>
      </th>
    );
  };
  return (
    <div class="panel table-scroll" tabIndex={0} role="region" aria-label="Studies">
      <table class="plain-table studies">
        <caption class="sr-only">Studies</caption>
        <thead>
          <tr>
            <td class="study-choice">
              <span class="sr-only">Compare</span>
            </td>
            {head('name', 'Name')}
            {head('state', 'State')}
            {head('best', 'Best value', 'right')}
            <th scope="col">Best so far</th>
            {head('done', 'Trials done')}
            {head('created', 'Started', 'right study-age')}
            <td class="study-manage">
              <span class="sr-only">Manage</span>
            </td>
          </tr>
        </thead>
        <tbody>
          {studies.map((study) => (
            <Row
              key={study.id}
              study={study}
              chosen={chosen.includes(study.id)}
              onChoose={() => onChoose(study.id)}
              onManage={() => onManage(study.id)}
            />
          ))}
        </tbody>
      </table>
    </div>
  );
}

const createCall = 'curl -H "Content-Type: application/json" --data @study.json \\\n  ';
const withToken = '-H "Authorization: Bearer $TOKEN" \\\n  ';

function NoStudies() {
  return (
    <div class="panel">
      <Empty title="No studies yet.">
        <p>Start one by REST, and it appears here:</p>
        <pre class="command">
          <code>{`${createCall}${session.value?.name === 'anonymous' ? '' : withToken}${location.origin}/api/v1/studies`}</code>
        </pre>
      </Empty>
    </div>
  );
}

export function matches(study: Study, words: string): boolean {
  const text = `${study.name} ${study.state} ${study.id}`.toLowerCase();
  return words
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}

// Pause, stop, clone and delete without a visit to the study.
function Manage({ store, study, onClose }: { store: StudiesStore; study: Study; onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const acting = useMemo(() => store.acting(study.id), [store, study.id]);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog
      ref={dialog}
      class="dialog"
      aria-labelledby="manage-title"
      onClose={(event) => event.target === dialog.current && onClose()}
    >
      <h2 id="manage-title">{study.name}</h2>
      <p>
        <StateBadge state={study.state} />
      </p>
      <StudyActions store={acting} study={study} />
      <div class="dialog-actions">
        <button type="button" class="button" onClick={() => dialog.current?.close()}>
          Close
        </button>
      </div>
    </dialog>
  );
}

const groups: Readonly<Record<string, readonly StudyState[]>> = {
  'Any state': studyStates,
  'Going on': ['ACTIVE', 'STOPPING'],
  Paused: ['PAUSED'],
  Completed: ['COMPLETED'],
  Stopped: ['STOPPED'],
  Failed: ['FAILED'],
};

export function StudiesPage() {
  const store = useMemo(() => new StudiesStore(), []);
  const [words, setWords] = useState('');
  useEffect(() => () => store.close(), [store]);
  useEffect(() => {
    document.title = 'Studies · Krige';
  }, []);
  const data = store.data.value;
  const failure = store.failure.value;
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const choose = (id: string) =>
    setChosen(chosen.includes(id) ? chosen.filter((other) => other !== id) : [...chosen, id].slice(-mostCompared));
  const [order, setOrder] = useState<StudyOrder>({ by: 'created', descending: true });
  const [group, setGroup] = useState('Any state');
  const [managed, setManaged] = useState<string | null>(null);
  const managedStudy = data?.studies.find(({ id }) => id === managed);
  const shown = sortStudies(
    (data?.studies ?? []).filter((study) => matches(study, words) && groups[group]?.includes(study.state)),
    order,
  );
  return (
    <main class="page" aria-busy={data === null && failure === null}>
      <header class="page-head">
        <div class="page-title">
          <h1>Studies</h1>
          {data !== null && data.studies.length > 0 && <span class="muted">{data.studies.length}</span>}
        </div>
        <div class="page-tools">
          <ConnectionStatus connection={store.connection.value} />
          {chosen.length > 1 && (
            <a class="button button-link" href={hrefOf({ page: 'compare', studies: chosen })}>
              Compare {chosen.length}
            </a>
          )}
          <NewStudy />
          {data !== null && data.studies.length > 0 && (
            <label class="select-label">
              <span class="sr-only">State of the studies</span>
              <select value={group} onChange={(event) => setGroup(event.currentTarget.value)}>
                {Object.keys(groups).map((name) => (
                  <option key={name}>{name}</option>
                ))}
              </select>
            </label>
          )}
          {data !== null && data.studies.length > 0 && (
            <input
              type="search"
              class="search"
              placeholder="Search by name or state"
              aria-label="Search the studies"
              value={words}
              onInput={(event) => setWords(event.currentTarget.value)}
            />
          )}
        </div>
      </header>
      {failure !== null && <Alert>{failure.message}</Alert>}
      {data === null && failure === null && (
        <p class="loading" role="status">
          Loading the studies …
        </p>
      )}
      {data !== null && data.studies.length === 0 && <NoStudies />}
      {shown.length > 0 && (
        <StudyTable
          studies={shown}
          order={order}
          onOrder={setOrder}
          chosen={chosen}
          onChoose={choose}
          onManage={setManaged}
        />
      )}
      {managedStudy && (
        <Manage key={managedStudy.id} store={store} study={managedStudy} onClose={() => setManaged(null)} />
      )}
      {data !== null && data.studies.length > 0 && shown.length === 0 && (
        <div class="panel">
          <Empty title="No study matches the search." />
        </div>
      )}
      {data !== null && data.nextPageToken !== '' && (
        <button
          type="button"
          class="button more"
          disabled={store.loadingMore.value}
          onClick={() => void store.loadMore()}
        >
          Show older studies
        </button>
      )}
    </main>
  );
}
