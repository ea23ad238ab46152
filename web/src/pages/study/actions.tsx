// Pause, resume and stop. Stopping cannot be undone, so it asks first.
import { useRef } from 'preact/hooks';
import type { StudyAction } from '../../api/client';
import type { Study, StudyState } from '../../api/types';
import { Alert } from '../../components/notices';
import { may } from '../../store/session';
import type { StudyStore } from '../../store/study_store';
import { CloneButton, DeleteButton } from './copies';

const offered: Partial<Record<StudyState, readonly StudyAction[]>> = {
  ACTIVE: ['pause', 'stop'],
  PAUSED: ['resume', 'stop'],
};
const labels: Record<StudyAction, string> = { pause: 'Pause', resume: 'Resume', stop: 'Stop' };

type Acting = Pick<StudyStore, 'pendingAction' | 'actionError' | 'act'>;

export function StudyActions({ store, study }: { store: Acting; study: Study }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const pending = store.pendingAction.value;
  const run = (action: StudyAction) => {
    if (action === 'stop') dialog.current?.showModal();
    else void store.act(action);
  };
  const confirm = () => {
    dialog.current?.close();
    void store.act('stop');
  };
  return (
    <div class="actions">
      {(may('operator') ? (offered[study.state] ?? []) : []).map((action) => (
        <button
          key={action}
          type="button"
          class={`button ${action === 'stop' ? 'button-danger' : ''}`}
          disabled={pending !== null}
          onClick={() => run(action)}
        >
          {labels[action]}
        </button>
      ))}
      {may('operator') && <CloneButton study={study} />}
      {may('admin') && <DeleteButton study={study} />}
      {store.actionError.value && <Alert>{store.actionError.value}</Alert>}
      <dialog ref={dialog} class="dialog" aria-labelledby="stop-title">
        <h2 id="stop-title">Stop this study?</h2>
        <p>
          Trials that run now are cancelled, and no new ones start. What was found so far is kept. A stopped study
          cannot be resumed.
        </p>
        <div class="dialog-actions">
          <button type="button" class="button" onClick={() => dialog.current?.close()}>
            Keep it running
          </button>
          <button type="button" class="button button-danger-solid" onClick={confirm}>
            Stop the study
          </button>
        </div>
      </dialog>
    </div>
  );
}
