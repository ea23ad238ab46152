// A study from a study file, which the server checks while it is written.
import { useRef, useState } from 'preact/hooks';
import { checkStudyFile, createStudy } from '../api/client';
import type { Spec } from '../api/types';
import { Alert } from '../components/notices';
import { hrefOf, navigate } from '../router';
import { useAnswer } from '../store/use_answer';
import { toYaml } from '../store/study_file';
import { useSettled } from '../store/use_settled';
import { StudyForm } from './study_form';

const example = `name: my-study
metric: {name: loss, goal: minimize}
method: gp
parameters:
  learning_rate: {type: float, min: 1.0e-4, max: 1.0, scale: log}
  depth: {type: int, min: 1, max: 8}
budget: {max_trials: 40, parallel: 2}
`;
const settleMs = 300;

function Form({ onClose }: { onClose: () => void }) {
  const [text, setText] = useState(example);
  const [written, setWritten] = useState<{ text: string; spec: Spec } | null>(null); // by the fields
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState('');
  const settled = useSettled(text, settleMs);
  const { value, error, loading } = useAnswer(settled, (abort) => checkStudyFile(settled, abort));
  const checked = settled === text && !loading;
  // The fields show what they wrote, without waiting for the server, else the last file that was valid; while it is not,
  // they would overwrite what is being written.
  const shown = written?.text === text ? written.spec : (value?.spec ?? null);
  const write = (spec: Spec) => {
    const file = toYaml(spec);
    setWritten({ text: file, spec });
    setText(file);
  };
  const create = () => {
    if (!value) return;
    setBusy(true);
    setFailure('');
    createStudy(value.spec).then(
      (study) => {
        onClose();
        navigate(hrefOf({ page: 'study', study: study.id, trial: null }));
      },
      (reason: unknown) => {
        setBusy(false);
        setFailure(reason instanceof Error ? reason.message : String(reason));
      },
    );
  };
  const valid = checked && error === null && value !== null;
  return (
    <>
      {shown && (
        <fieldset class="form-frame" disabled={checked && error !== null}>
          <legend class="sr-only">Fields</legend>
          <StudyForm spec={shown} onChange={write} />
        </fieldset>
      )}
      <label class="file-label">
        Study file, YAML or JSON; W&B’s sweep files too
        <textarea
          class="file-text"
          rows={12}
          spellcheck={false}
          value={text}
          aria-invalid={checked && error !== null}
          onInput={(event) => setText(event.currentTarget.value)}
        />
      </label>
      <div class="file-check" role="status">
        {!checked && <p class="muted">Checking …</p>}
        {checked && error && <p class="alert">{error.message}</p>}
        {valid && <p class="tone-good">The file is valid.</p>}
        {valid && value.notes.map((note) => <p key={note}>{note}</p>)}
      </div>
      {failure && <Alert>{failure}</Alert>}
      <div class="dialog-actions">
        <button type="button" class="button" onClick={onClose}>
          Cancel
        </button>
        <button type="button" class="button button-solid" disabled={!valid || busy} onClick={create}>
          Create the study
        </button>
      </div>
    </>
  );
}

export function NewStudy() {
  const dialog = useRef<HTMLDialogElement>(null);
  const [open, setOpen] = useState(false);
  const show = () => {
    setOpen(true);
    dialog.current?.showModal();
  };
  return (
    <>
      <button type="button" class="button" onClick={show}>
        New study
      </button>
      <dialog ref={dialog} class="dialog dialog-wide" aria-labelledby="new-title" onClose={() => setOpen(false)}>
        <h2 id="new-title">New study</h2>
        {open && <Form onClose={() => dialog.current?.close()} />}
      </dialog>
    </>
  );
}
