import { useEffect, useMemo } from 'preact/hooks';
import type { Study } from '../../api/types';
import { ConnectionStatus, Empty } from '../../components/notices';
import { StateBadge } from '../../components/state_badge';
import { explainReason, formatNumber, humanize } from '../../format';
import { hrefOf, navigate, type Route } from '../../router';
import { progressOf } from '../../store/progress';
import { doingNow } from '../../store/doing';
import { severalObjectives } from '../../store/objectives';
import { may, session } from '../../store/session';
import { findTrial, hasEnded, type StudyData } from '../../store/study_state';
import { StudyStore } from '../../store/study_store';
import { ExplorePage } from '../explore/explore_page';
import { ModelPage } from '../model/model_page';
import { TrialPage } from '../trial/trial_page';
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
  if (chosen !== null) return `There is no trial ${chosen}.`;
  if (severalObjectives(study.spec).length > 0) return 'No trial alone is the best of several objectives.';
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
          <HistoryPanel study={study} trials={trials} onTrial={(trial) => openTrial(study.id, trial, chosen)} />
          <ObjectivesPanel study={study} trials={trials} />
          <TrialTable
            data={data}
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

type At = Extract<Route, { study: string }>;

function View({ store, data, at }: { store: StudyStore; data: StudyData; at: At }) {
  switch (at.page) {
    case 'study':
      return <Overview store={store} data={data} chosen={at.trial} />;
    case 'trial':
      return <TrialPage key={at.trial} store={store} data={data} id={at.trial} />;
    case 'model':
      return <ModelPage study={data.study} trials={data.trials} trial={at.trial} />;
    case 'explore':
      return <ExplorePage study={data.study} trials={data.trials} />;
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
