// A limit of the study, changed where it stands. Somebody else may have changed it meanwhile: then both values are
// shown, and the user decides.
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { ApiError, changeBudget, readTagged, type TaggedStudy } from '../../api/client';
import type { Budget, Study } from '../../api/types';
import { may } from '../../store/session';
import { hasEnded } from '../../store/study_state';

type Limit = keyof Budget;

interface Field {
  label: string;
  hint: string;
  integer: boolean;
  none: string; // when there is no limit; '' where there must be one
}

const fields: Record<Limit, Field> = {
  max_trials: { label: 'Budget of trials', hint: 'empty: no limit', integer: true, none: 'no limit' },
  parallel: { label: 'Trials side by side', hint: '', integer: true, none: '' },
  max_time: { label: 'Budget of time', hint: '1h30m; empty: no limit', integer: false, none: 'no limit' },
};

const textOf = (study: Study, limit: Limit): string => String(study.spec?.budget?.[limit] ?? '');

// The server checks the rest; what is no number would be null in JSON, which takes the limit away.
function asBudget(limit: Limit, text: string): Budget {
  const trimmed = text.trim();
  if (trimmed === '' && fields[limit].none !== '') return { [limit]: null };
  if (!fields[limit].integer) return { [limit]: trimmed };
  if (!/^[1-9]\d*$/.test(trimmed)) throw new Error('It must be a whole number, at least 1.');
  return { [limit]: Number(trimmed) };
}

interface Editing {
  read: TaggedStudy; // what the change is made from
  text: string;
  saving: boolean;
  error: string;
  theirs: string | null; // what it was changed to meanwhile
}

interface FormProps {
  limit: Limit;
  editing: Editing;
  onText: (text: string) => void;
  onSave: () => void;
  onClose: () => void;
}

function Form({ limit, editing, onText, onSave, onClose }: FormProps) {
  const { label, hint, integer, none } = fields[limit];
  const input = useRef<HTMLInputElement>(null);
  const id = useId();
  useEffect(() => input.current?.select(), []);
  const { text, saving, error, theirs } = editing;
  const said = theirs === '' ? none : theirs;
  return (
    <form
      class="budget-form"
      onSubmit={(event) => {
        event.preventDefault();
        onSave();
      }}
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return;
        event.stopPropagation(); // it would close the trial, too
        onClose();
      }}
    >
      <label for={id}>{label}</label>
      <input
        ref={input}
        id={id}
        type="text"
        inputMode={integer ? 'numeric' : 'text'}
        value={text}
        aria-describedby={`${id}-note`}
        aria-invalid={error !== ''}
        onInput={(event) => onText(event.currentTarget.value)}
      />
      <p id={`${id}-note`} class={error ? 'tone-bad' : 'muted'} role={error || theirs !== null ? 'alert' : undefined}>
        {error ||
          (theirs !== null ? `Meanwhile it was changed to ${said}. Yours is ${text.trim() || none}: which one?` : hint)}
      </p>
      <div class="actions">
        <button type="submit" class="button button-small" disabled={saving}>
          {theirs === null ? 'Save' : `Set ${text.trim() || none} all the same`}
        </button>
        <button type="button" class="button button-small" onClick={onClose}>
          {theirs === null ? 'Cancel' : `Keep ${said}`}
        </button>
      </div>
    </form>
  );
}

const words = (reason: unknown): string => (reason instanceof Error ? reason.message : String(reason));

export function BudgetField({ study, limit }: { study: Study; limit: Limit }) {
  const [editing, setEditing] = useState<Editing | null>(null);
  const [failure, setFailure] = useState('');
  const opener = useRef<HTMLButtonElement>(null);
  const steers = may('operator') && !hasEnded(study) && study.state !== 'STOPPING';
  const shown = textOf(study, limit) || fields[limit].none;
  const change = (changes: Partial<Editing>) => setEditing((old) => old && { ...old, ...changes });
  const close = () => {
    setEditing(null);
    setTimeout(() => opener.current?.focus());
  };
  const open = () => {
    setFailure('');
    readTagged(study.id).then(
      (read) => setEditing({ read, text: textOf(read.study, limit), saving: false, error: '', theirs: null }),
      (reason: unknown) => setFailure(words(reason)),
    );
  };
  const save = async (current: Editing): Promise<void> => {
    change({ saving: true, error: '' });
    try {
      await changeBudget(study.id, asBudget(limit, current.text), current.read.tag);
      close();
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 412) {
        change({ saving: false, error: words(error) });
        return;
      }
      // Changed by somebody since: another limit than this one is no conflict, and is left as it is now.
      const now = await readTagged(study.id).catch(() => null);
      if (now === null) change({ saving: false, error: words(error) });
      else if (textOf(now.study, limit) === textOf(current.read.study, limit)) await save({ ...current, read: now });
      else change({ read: now, saving: false, theirs: textOf(now.study, limit) });
    }
  };
  if (editing) {
    return (
      <Form
        limit={limit}
        editing={editing}
        onText={(text) => change({ text, error: '' })}
        onSave={() => void save(editing)}
        onClose={close}
      />
    );
  }
  return (
    <span class="of">
      {' of '}
      {shown}
      {steers && (
        <button
          ref={opener}
          type="button"
          class="edit-button"
          aria-label={`Change ${fields[limit].label.toLowerCase()}`}
          title={`Change ${fields[limit].label.toLowerCase()}`}
          onClick={open}
        >
          <svg viewBox="0 0 16 16" aria-hidden="true">
            <path d="M2.5 13.5l.8-3.2 7.4-7.4 2.4 2.4-7.4 7.4zM9.4 4.2l2.4 2.4" />
          </svg>
        </button>
      )}
      {failure && (
        <span role="alert" class="tone-bad">
          {failure}
        </span>
      )}
    </span>
  );
}
