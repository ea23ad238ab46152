// A study made from this one, and its end: deleting takes everything of it, so it asks first.
import { useRef, useState } from 'preact/hooks';
import { cloneStudy, deleteStudy } from '../../api/client';
import type { Study } from '../../api/types';
import { Alert } from '../../components/notices';
import { hrefOf, navigate } from '../../router';

const words = (reason: unknown): string => (reason instanceof Error ? reason.message : String(reason));

export function CloneButton({ study }: { study: Study }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [name, setName] = useState('');
  const [warm, setWarm] = useState(true);
  const [error, setError] = useState('');
  const learns = study.spec?.method === 'gp' && study.best !== null;
  const show = () => {
    setName(`${study.name}, again`);
    setError('');
    dialog.current?.showModal();
  };
  const create = () => {
    cloneStudy(study.id, { name, warm_start: learns && warm }).then(
      (made) => navigate(hrefOf({ page: 'study', study: made.id, trial: null })),
      (reason: unknown) => setError(words(reason)),
    );
  };
  return (
    <>
      <button type="button" class="button" onClick={show}>
        Clone
      </button>
      <dialog ref={dialog} class="dialog" aria-labelledby="clone-title">
        <h2 id="clone-title">Clone this study</h2>
        <div class="dialog-body">
          <label class="file-label">
            Name
            <input type="text" class="filter" value={name} onInput={(event) => setName(event.currentTarget.value)} />
          </label>
          {learns && (
            <label>
              <input type="checkbox" checked={warm} onChange={(event) => setWarm(event.currentTarget.checked)} /> Learn
              from the trials of this one
            </label>
          )}
          {error && <Alert>{error}</Alert>}
        </div>
        <div class="dialog-actions">
          <button type="button" class="button" onClick={() => dialog.current?.close()}>
            Cancel
          </button>
          <button type="button" class="button button-solid" disabled={name.trim() === ''} onClick={create}>
            Create the clone
          </button>
        </div>
      </dialog>
    </>
  );
}

export function DeleteButton({ study }: { study: Study }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [error, setError] = useState('');
  const remove = () => {
    deleteStudy(study.id).then(
      () => navigate('/'),
      (reason: unknown) => setError(words(reason)),
    );
  };
  return (
    <>
      <button type="button" class="button button-danger" onClick={() => dialog.current?.showModal()}>
        Delete
      </button>
      <dialog ref={dialog} class="dialog" aria-labelledby="delete-title">
        <h2 id="delete-title">Delete this study?</h2>
        <p>
          “{study.name}” goes with all of its trials, records and events. Trials that run now are stopped. This cannot
          be undone.
        </p>
        {error && <Alert>{error}</Alert>}
        <div class="dialog-actions">
          <button type="button" class="button" onClick={() => dialog.current?.close()}>
            Keep it
          </button>
          <button type="button" class="button button-danger-solid" onClick={remove}>
            Delete the study
          </button>
        </div>
      </dialog>
    </>
  );
}
