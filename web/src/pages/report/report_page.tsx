// A study on one page that can be kept, sent and printed: what the dashboard shows, without what needs a server.
import { useEffect, useMemo, useState } from 'preact/hooks';
import { getHistory, getImportance, getSlices, getStudy, getTrust, listTrials } from '../../api/client';
import type { Study, Trial } from '../../api/types';
import { DataTable } from '../../components/data_table';
import { Alert } from '../../components/notices';
import { StateBadge } from '../../components/state_badge';
import { explainReason } from '../../format';
import { hrefOf, navigate, route } from '../../router';
import type { Report } from '../../store/report';
import { slicePoints } from '../../store/space';
import { fromSnapshot, type Snapshot } from '../../store/study_state';
import { newestFirst } from '../../store/trial_rows';
import { useAnswer } from '../../store/use_answer';
import { ExplorePage } from '../explore/explore_page';
import { SlicesPanel } from '../model/slices_panel';
import { CalibrationPanel, ImportancePanel } from '../model/trust_panel';
import { HistoryPanel } from '../study/history_panel';
import { ObjectivesPanel } from '../study/objectives_panel';
import { Tiles } from '../study/tiles';
import { parameterNames, trialColumns } from '../study/trial_columns';

function Model({ study, onTrial }: { study: Study; onTrial: (trial: number) => void }) {
  const slices = useAnswer('slices', (abort) => getSlices(study.id, null, slicePoints(study.spec), abort)).value;
  const trust = useAnswer('trust', (abort) => getTrust(study.id, abort)).value;
  const importance = useAnswer('importance', (abort) => getImportance(study.id, abort)).value;
  const metric = study.spec?.metric?.name ?? 'value';
  return (
    <>
      {slices && <SlicesPanel study={study} slices={slices} next={null} loading={false} onTrial={onTrial} />}
      {trust && importance && <ImportancePanel trust={trust} importance={importance} />}
      {trust && <CalibrationPanel trust={trust} metric={metric} onTrial={onTrial} />}
    </>
  );
}

const tableHeight = 34 * 20;
const idOf = (trial: Trial): number => trial.id;
const newest = { column: 'id', descending: true };

function mentions({ state, reason, suggestion, params, value }: Trial, words: readonly string[]): boolean {
  const text = [state, reason, suggestion?.method, value, ...Object.values(params)].join(' ').toLowerCase();
  return words.every((word) => text.includes(word));
}

interface TrialsProps {
  study: Study;
  trials: readonly Trial[];
  names: readonly string[];
  chosen: number | null;
  onTrial: (trial: number) => void;
}

// All of them are here: they are sorted and searched without a server.
function Trials({ study, trials, names, chosen, onTrial }: TrialsProps) {
  const [text, setText] = useState('');
  const columns = useMemo(
    () => trialColumns({ study, trials, names, latest: () => new Map() }),
    [study, trials, names],
  );
  const shown = useMemo(() => {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    return words.length === 0 ? trials : trials.filter((trial) => mentions(trial, words));
  }, [trials, text]);
  return (
    <section class="panel" aria-labelledby="trials-title">
      <header class="panel-head">
        <h2 id="trials-title">Trials</h2>
        <span class="muted">
          {shown.length === trials.length ? trials.length : `${shown.length} of ${trials.length}`}
        </span>
        <input
          type="search"
          class="search trial-filter"
          placeholder="completed adam"
          aria-label="Search the trials"
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
      </header>
      <DataTable
        label="Table of the trials"
        columns={columns}
        rows={shown}
        keyOf={idOf}
        initialSort={newest}
        height={tableHeight}
        rowClass={(trial) => (trial.id === study.best?.trial ? 'best-row' : '')}
        selected={chosen}
        onSelect={onTrial}
      />
    </section>
  );
}

function Loaded({ report, snapshot }: { report: Report; snapshot: Snapshot }) {
  const { study } = snapshot;
  const data = useMemo(() => fromSnapshot(snapshot), [snapshot]);
  const { trials } = data;
  const names = useMemo(() => parameterNames(study, trials), [study, trials]);
  const at = route.value;
  const chosen = 'trial' in at ? at.trial : null;
  const onTrial = (trial: number) => navigate(hrefOf({ page: 'study', study: study.id, trial }), { replace: true });
  useEffect(() => {
    document.title = `${study.name} · Krige`;
  }, [study]);
  return (
    <main class="page">
      <header class="page-head">
        <div class="page-title">
          <h1 title={study.name}>{study.name}</h1>
          <StateBadge state={data.study.state} />
          {study.state_reason && <span class="muted">{explainReason(study.state_reason)}</span>}
        </div>
        <p class="muted">
          as of <time dateTime={report.made_at}>{new Date(report.made_at).toLocaleString()}</time>
        </p>
      </header>
      {study.spec?.description && <p>{study.spec.description}</p>}
      <Tiles study={data.study} trials={data.trials} />
      <div class="column-main">
        <HistoryPanel asks={false} study={data.study} history={data.history} onTrial={onTrial} />
        <ObjectivesPanel study={data.study} trials={data.trials} />
        <Model study={data.study} onTrial={onTrial} />
        <ExplorePage study={data.study} fixed />
        <Trials study={data.study} trials={trials} names={names} chosen={chosen} onTrial={onTrial} />
      </div>
    </main>
  );
}

export function ReportPage({ report }: { report: Report }) {
  const { value, error } = useAnswer('study', async (abort): Promise<Snapshot> => {
    const id = report.study;
    const [study, { trials }, history] = await Promise.all([
      getStudy(id, abort),
      listTrials(id, { ...newestFirst, size: 1, at: { offset: 0 } }, abort), // which has them all
      getHistory(id, '', abort),
    ]);
    return { study, trials, history, seq: study.seq };
  });
  if (value) return <Loaded report={report} snapshot={value} />;
  return <main class="page">{error && <Alert>{error.message}</Alert>}</main>;
}
