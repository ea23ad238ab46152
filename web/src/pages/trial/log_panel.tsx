// What an attempt prints, as it comes.
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { logUrl, readLog } from '../../api/client';
import type { Attempt, Study, Trial } from '../../api/types';
import { Alert, Empty } from '../../components/notices';
import { LogTail } from '../../store/log_tail';
import { isOver } from './attempts_panel';

const bottomPixels = 4; // from here on the end is in view

function useLog(study: string, trial: number, attempt: Attempt): LogTail {
  const over = isOver(attempt);
  const tail = useMemo(
    () => new LogTail((from, abort) => readLog(study, trial, attempt.id, from, abort), !over),
    [study, trial, attempt.id],
  );
  useEffect(() => () => tail.close(), [tail]);
  useEffect(() => {
    if (over) tail.end();
  }, [tail, over]);
  return tail;
}

// The end stays in view while it is followed; whoever scrolls up stops following.
function Text({ tail, label }: { tail: LogTail; label: string }) {
  const box = useRef<HTMLPreElement>(null);
  const [text, following] = [tail.text.value, tail.following.value];
  useLayoutEffect(() => {
    if (following && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [text, following]);
  const scrolled = () => {
    const { scrollTop, scrollHeight, clientHeight } = box.current as HTMLPreElement;
    const atEnd = scrollHeight - scrollTop - clientHeight <= bottomPixels;
    if (!atEnd && tail.following.value) tail.pause();
  };
  return (
    <pre ref={box} class="log" tabIndex={0} role="log" aria-live="off" aria-label={label} onScroll={scrolled}>
      {text}
    </pre>
  );
}

interface LogProps {
  study: Study;
  trial: Trial;
  attempt: Attempt;
}

function Log({ study, trial, attempt }: LogProps) {
  const tail = useLog(study.id, trial.id, attempt);
  const [following, size, over] = [tail.following.value, tail.size.value, isOver(attempt)];
  return (
    <>
      <div class="toolbar log-tools">
        <button
          type="button"
          class="toggle"
          aria-pressed={following}
          onClick={() => (following ? tail.pause() : tail.resume())}
        >
          {following ? 'Following: pause' : 'Follow'}
        </button>
        <span class="muted" role="status">
          {tail.shortened.value ? 'the end of it' : ''}
          {over ? '' : following ? ' · live' : ' · paused'}
        </span>
        <a
          class="button button-link button-small"
          href={logUrl(study.id, trial.id, attempt.id)}
          download={`trial-${trial.id}-attempt-${attempt.id}.log`}
        >
          Download
        </a>
      </div>
      {tail.error.value && <Alert>{tail.error.value}</Alert>}
      {size === 0 ? (
        <Empty title={over ? 'It printed nothing here.' : 'It has printed nothing yet.'} />
      ) : (
        <Text tail={tail} label={`Output of attempt ${attempt.id}`} />
      )}
    </>
  );
}

export function LogPanel({ study, trial }: { study: Study; trial: Trial }) {
  const [chosen, setChosen] = useState<number | null>(null); // null: always the latest
  const { attempts } = trial;
  const attempt = attempts.find(({ id }) => id === chosen) ?? attempts.at(-1);
  if (attempt === undefined) return null;
  if (trial.files_removed_at !== undefined) {
    return (
      <section class="panel" aria-labelledby="log-title">
        <header class="panel-head">
          <h2 id="log-title">Output</h2>
        </header>
        <Empty title={`It was removed on ${new Date(trial.files_removed_at).toLocaleDateString()}.`} />
      </section>
    );
  }
  return (
    <section class="panel" aria-labelledby="log-title">
      <header class="panel-head">
        <h2 id="log-title">Output</h2>
        {attempts.length > 1 && (
          <label class="select-label">
            <span class="sr-only">Attempt</span>
            <select value={attempt.id} onChange={(event) => setChosen(Number(event.currentTarget.value))}>
              {attempts.map(({ id }) => (
                <option key={id} value={id}>
                  attempt {id}
                </option>
              ))}
            </select>
          </label>
        )}
      </header>
      <Log key={`${trial.id}/${attempt.id}`} study={study} trial={trial} attempt={attempt} />
    </section>
  );
}
