// One trial, with all there is of it.
import type { ComponentChildren } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { hasModel, modelUrl, retryTrial, stopTrial } from '../../api/client';
import type { Study, Trial } from '../../api/types';
import { Alert, Empty } from '../../components/notices';
import { StateBadge } from '../../components/state_badge';
import { hrefOf, navigate } from '../../router';
import { may } from '../../store/session';
import { findTrial, hasEnded, isDone, type StudyData } from '../../store/study_state';
import type { StudyStore } from '../../store/study_store';
import { useAnswer } from '../../store/use_answer';
import { useCurve } from '../../store/use_curve';
import { useThrottled } from '../../store/use_throttled';
import { parameterNames } from '../study/trial_columns';
import { Why } from '../study/why';
import { AttemptsPanel } from './attempts_panel';
import { ClusterPanel } from './cluster_panel';
import { CurvesPanel } from './curves_panel';
import { LogPanel } from './log_panel';
import { Outcome, ParameterTable, Suggested } from './parts';

const againMs = 2000;

const words = (reason: unknown): string => (reason instanceof Error ? reason.message : String(reason));

function Neighbour({
  study,
  id,
  label,
  children,
}: {
  study: Study;
  id: number;
  label: string;
  children: ComponentChildren;
}) {
  return (
    <a
      class="icon-button"
      href={hrefOf({ page: 'trial', study: study.id, trial: id })}
      aria-label={label}
      title={label}
    >
      {children}
    </a>
  );
}

function StopButton({ trial, disabled, onStop }: { trial: Trial; disabled: boolean; onStop: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const runs = trial.state === 'RUNNING';
  const confirm = () => {
    dialog.current?.close();
    onStop();
  };
  return (
    <>
      <button
        type="button"
        class="button button-danger"
        disabled={disabled || trial.state === 'STOPPING'}
        title={trial.state === 'STOPPING' ? 'It is being stopped' : undefined}
        onClick={() => dialog.current?.showModal()}
      >
        Stop the trial
      </button>
      <dialog ref={dialog} class="dialog" aria-labelledby="stop-trial-title">
        <h2 id="stop-trial-title">Stop trial {trial.id}?</h2>
        <p>
          {runs
            ? 'Its attempt is ended. It keeps what it has reached so far; without any report it is cancelled.'
            : 'It is cancelled without being run any further.'}{' '}
          The study goes on.
        </p>
        <div class="dialog-actions">
          <button type="button" class="button" onClick={() => dialog.current?.close()}>
            Let it go on
          </button>
          <button type="button" class="button button-danger-solid" onClick={confirm}>
            Stop it
          </button>
        </div>
      </dialog>
    </>
  );
}

function Actions({ study, trial }: { study: Study; trial: Trial }) {
  const [asked, setAsked] = useState(false);
  const [error, setError] = useState('');
  if (!may('operator')) return null;
  const over = hasEnded(study) || study.state === 'STOPPING';
  const run = (act: Promise<Trial>, then: (answer: Trial) => void) => {
    setAsked(true);
    setError('');
    act.then(then, (reason: unknown) => setError(words(reason))).finally(() => setAsked(false));
  };
  const open = ({ id }: Trial) => navigate(hrefOf({ page: 'trial', study: study.id, trial: id }));
  return (
    <>
      {isDone(trial.state) ? (
        <button
          type="button"
          class="button"
          disabled={asked || over}
          title={over ? 'The study has ended: nothing is tried any more' : 'The same point, as a new trial'}
          onClick={() => run(retryTrial(study.id, trial.id), open)}
        >
          Try again
        </button>
      ) : (
        <StopButton trial={trial} disabled={asked} onStop={() => run(stopTrial(study.id, trial.id), () => undefined)} />
      )}
      {error && <Alert>{error}</Alert>}
    </>
  );
}

// The server keeps the models of the best trials, which change as others end.
function useModel(study: Study, trial: Trial): boolean {
  const may = (study.spec?.keep_models ?? 0) > 0 && trial.state === 'COMPLETED' && trial.files_removed_at === undefined;
  const others = useThrottled(study.trial_counts.COMPLETED ?? 0, againMs);
  const key = may ? `${trial.id}/${others}` : null;
  const { value } = useAnswer(key, (abort) => hasModel(study.id, trial.id, abort));
  return may && value === true;
}

function Heading({ study, trials, trial }: { study: Study; trials: readonly Trial[]; trial: Trial }) {
  const last = trials.at(-1)?.id ?? trial.id;
  const kept = useModel(study, trial);
  return (
    <header class="panel-head trial-head">
      <a href={hrefOf({ page: 'study', study: study.id, trial: trial.id })}>← Overview</a>
      <h2>Trial {trial.id}</h2>
      <StateBadge state={trial.state} />
      {study.best?.trial === trial.id && <span class="best-mark">★ best</span>}
      <nav class="trial-neighbours" aria-label="Other trials">
        {trial.id > 1 && (
          <Neighbour study={study} id={trial.id - 1} label={`Trial ${trial.id - 1}`}>
            ‹
          </Neighbour>
        )}
        {trial.id < last && (
          <Neighbour study={study} id={trial.id + 1} label={`Trial ${trial.id + 1}`}>
            ›
          </Neighbour>
        )}
      </nav>
      <div class="actions">
        {kept && (
          <a class="button button-link" href={modelUrl(study.id, trial.id)} download={`${study.id}-${trial.id}.model`}>
            Download the model
          </a>
        )}
        <Actions study={study} trial={trial} />
      </div>
    </header>
  );
}

function Found({ store, data, trial }: { store: StudyStore; data: StudyData; trial: Trial }) {
  const { study, trials } = data;
  const found = useMemo(() => parameterNames(study, trials), [study.spec, trials]);
  const names = useMemo(() => found, [found.join('\n')]);
  const best = study.best ? findTrial(trials, study.best.trial) : null;
  const { records, loading, error } = useCurve(store, trial.id);
  return (
    <>
      <section class="panel trial-page-head" aria-label={`Trial ${trial.id}`} data-trial={trial.id}>
        <Heading study={study} trials={trials} trial={trial} />
        {trial.reason && <p class="trial-reason">{trial.reason}</p>}
      </section>
      <div class="columns">
        <div class="column-main">
          <CurvesPanel study={study} trial={trial} records={records} loading={loading} error={error} />
          <AttemptsPanel trial={trial} />
          <ClusterPanel study={study} trial={trial} />
          <LogPanel study={study} trial={trial} />
        </div>
        <aside class="panel trial-panel trial-facts" aria-label="Result and parameters">
          <div class="trial-outcome">
            <Outcome study={study} trial={trial} records={records} />
          </div>
          <Suggested trial={trial} />
          <Why study={study} trial={trial} />
          <section aria-label="Parameters">
            <h3>Parameters</h3>
            <ParameterTable trial={trial} best={best} names={names} />
          </section>
        </aside>
      </div>
    </>
  );
}

export function TrialPage({ store, data, id }: { store: StudyStore; data: StudyData; id: number }) {
  const trial = findTrial(data.trials, id);
  useEffect(() => {
    void store.meet(id);
  }, [store, id]);
  if (trial) return <Found store={store} data={data} trial={trial} />;
  const trials = Object.values(data.study.trial_counts).reduce((sum, count) => sum + count, 0);
  return (
    <section class="panel">
      <Empty title={id > trials ? `There is no trial ${id}.` : `Loading trial ${id} …`}>
        <a href={hrefOf({ page: 'study', study: data.study.id, trial: null })}>All trials of the study</a>
      </Empty>
    </section>
  );
}
