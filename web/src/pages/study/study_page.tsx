import { useEffect, useMemo } from 'preact/hooks';
import type { Study } from '../../api/types';
import { lazily } from '../../components/lazy';
import { ConnectionStatus, Empty } from '../../components/notices';
import { StateBadge } from '../../components/state_badge';
import { explainReason, formatNumber, humanize } from '../../format';
import { hrefOf, navigate, type Route } from '../../router';
import { doingNow } from '../../store/doing';
import { severalObjectives } from '../../store/objectives';
import { progressOf } from '../../store/progress';
import { useSample, withSampled } from '../../store/sample';
import { may, session } from '../../store/session';
import { findTrial, hasEnded, type StudyData } from '../../store/study_state';
import { StudyStore } from '../../store/study_store';
import { StudyActions } from './actions';
import { HistoryPanel } from './history_panel';
import { ImportancePanel } from './importance_panel';
import { ObjectivesPanel } from './objectives_panel';
import { Tabs } from './tabs';
import { Tiles } from './tiles';
import { TimelinePanel } from './timeline_panel';
import { TrialPanel } from './trial_panel';
import { parameterNames } from './trial_columns';
import { TrialTable } from './trial_table';

// Why there are no buttons.
function ViewOnly() {
  if (session.value === null || may('operator')) return null;
  return (
    <p class="view-only">
      View only: <span class="muted">the token {session.value.name} is a viewer’s; an operator’s may change this</span>
    </p>
  );
}

function Heading({ store, study }: { store: StudyStore; study: Study }) {
  return (
    <header class="page-head">
      <div class="page-title">
        <h1 title={study.name}>{study.name}</h1>
        <StateBadge state={study.state} />
        {study.state_reason && <span class="muted">{explainReason(study.state_reason)}</span>}
      </div>
      <div class="page-tools">
        <ViewOnly />
        <ConnectionStatus connection={store.connection.value} />
        <StudyActions store={store} study={study} />
      </div>
    </header>
  );
}

// Read out when the state or the best value changes, and not at every trial.
function Announcement({ study }: { study: Study }) {
  const best = study.best ? `Best ${formatNumber(study.best.value)}, trial ${study.best.trial}.` : '';
  return <p class="sr-only" aria-live="polite">{`Study ${humanize(study.state)}. ${best}`}</p>;
}

// Going from one trial to the next does not fill the history of the browser.
function openTrial(study: string, trial: number, open: number | null): void {
  navigate(hrefOf({ page: 'study', study, trial }), { replace: open !== null });
}

function withoutTrial(study: Study, chosen: number | null): string {
  const trials = Object.values(study.trial_counts).reduce((sum, count) => sum + count, 0);
  if (chosen !== null) return chosen > trials ? `There is no trial ${chosen}.` : `Loading trial ${chosen} …`;
  if (severalObjectives(study.spec).length > 0) return 'No trial alone is the best of several objectives.';
  if (study.best) return 'Loading the best trial …';
  return hasEnded(study) ? 'No trial was completed.' : 'The best trial will be shown here.';
}

function Overview({ store, data, chosen }: { store: StudyStore; data: StudyData; chosen: number | null }) {
  const { study, trials } = data;
  const found = useMemo(() => parameterNames(study, trials), [study.spec, trials]);
  const names = useMemo(() => found, [found.join('\n')]); // the same array as long as the names are the same
  const best = study.best ? findTrial(trials, study.best.trial) : null;
  const shown = chosen === null ? best : findTrial(trials, chosen);
  const doing = doingNow(study);
  useEffect(() => {
    if (chosen !== null) void store.meet(chosen);
  }, [store, chosen]);
  useEffect(() => {
    if (chosen === null) return undefined;
    const close = (event: KeyboardEvent) => {
      const busy = (event.target as Element | null)?.closest('dialog, select, input');
      if (event.key === 'Escape' && !busy) navigate(hrefOf({ page: 'study', study: study.id, trial: null }));
    };
    addEventListener('keydown', close);
    return () => removeEventListener('keydown', close);
  }, [chosen, study.id]);
  return (
    <>
      {doing && <p class="doing">{doing}</p>}
      <Tiles study={study} trials={trials} />
      <div class="columns">
        <div class="column-main">
          <HistoryPanel study={study} history={data.history} onTrial={(trial) => openTrial(study.id, trial, chosen)} />
          <ObjectivesPanel study={study} trials={trials} />
          <TrialTable
            data={data}
            rows={store.rows}
            names={names}
            selected={chosen}
            best={best?.id ?? null}
            onTrial={(trial) => openTrial(study.id, trial, chosen)}
          />
          <TimelinePanel
            study={study}
            trials={trials}
            onTrial={(trial) => navigate(hrefOf({ page: 'trial', study: study.id, trial }))}
          />
          <ImportancePanel study={study} trials={trials} />
        </div>
        {shown ? (
          <TrialPanel store={store} study={study} trial={shown} best={best} names={names} chosen={chosen !== null} />
        ) : (
          <aside class="panel trial-panel" aria-label="Trial">
            <Empty title={withoutTrial(study, chosen)}>
              Choose any trial in the chart or in the table to see its curve.
            </Empty>
          </aside>
        )}
      </div>
    </>
  );
}

const ExplorePage = lazily(async () => (await import('../explore/explore_page')).ExplorePage);
const TrialPage = lazily(async () => (await import('../trial/trial_page')).TrialPage);
const ModelPage = lazily(async () => (await import('../model/model_page')).ModelPage);

// The model is shown among the trials that stand for all.
function Model({ data, trial }: { data: StudyData; trial: number | null }) {
  const { study, trials } = data;
  const { sample } = useSample(study, { top: 100, objective: '', limit: 1000 });
  const shown = useMemo(() => (sample ? withSampled(trials, sample) : trials), [trials, sample]);
  return <ModelPage study={study} trials={shown} trial={trial} />;
}

type At = Extract<Route, { page: 'study' | 'trial' | 'model' | 'explore' }>;

function View({ store, data, at }: { store: StudyStore; data: StudyData; at: At }) {
  switch (at.page) {
    case 'study':
      return <Overview store={store} data={data} chosen={at.trial} />;
    case 'trial':
      return <TrialPage key={at.trial} store={store} data={data} id={at.trial} />;
    case 'model':
      return <Model data={data} trial={at.trial} />;
    case 'explore':
      return <ExplorePage study={data.study} />;
  }
}

function Loaded({ store, data, at }: { store: StudyStore; data: StudyData; at: At }) {
  const { study } = data;
  useEffect(() => {
    const { done, budget } = progressOf(study);
    document.title = `${budget === null ? done : `${done}/${budget}`} ${study.name} · Krige`;
  }, [study]);
  return (
    <main class="page">
      <Heading store={store} study={study} />
      <Announcement study={study} />
      <Tabs study={study} open={at.page === 'trial' ? 'study' : at.page} />
      <View store={store} data={data} at={at} />
    </main>
  );
}

export function StudyPage({ id, at }: { id: string; at: At }) {
  const store = useMemo(() => new StudyStore(id), [id]);
  useEffect(() => () => store.close(), [store]);
  const data = store.data.value;
  const failure = store.failure.value;
  if (data && !store.notFound.value) return <Loaded store={store} data={data} at={at} />;
  return (
    <main class="page" aria-busy={!failure}>
      {failure === null ? (
        <p class="loading" role="status">
          Loading the study …
        </p>
      ) : (
        <Empty title={store.notFound.value ? 'There is no such study.' : failure.message}>
          {store.notFound.value ? <a href="/">All studies</a> : 'Trying again every few seconds.'}
        </Empty>
      )}
    </main>
  );
}
