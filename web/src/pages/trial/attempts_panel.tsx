// Every attempt at a trial: by whom, from when to when, and how it ended.
import type { Attempt, Trial } from '../../api/types';
import { useNow } from '../../components/clock';
import { Empty } from '../../components/notices';
import { StateBadge } from '../../components/state_badge';
import { formatDuration } from '../../format';

export const isOver = (attempt: Attempt): boolean => attempt.ended_at !== null && attempt.ended_at !== undefined;

function tookMs({ started_at, ended_at }: Attempt, now: number): number | null {
  if (!started_at) return null;
  return Math.max(0, (ended_at ? Date.parse(ended_at) : now) - Date.parse(started_at));
}

function Moment({ at }: { at: string | null | undefined }) {
  return at ? (
    <time dateTime={at} title={at}>
      {new Date(at).toLocaleString()}
    </time>
  ) : (
    <>–</>
  );
}

const why = ({ reason, state }: Attempt): string => reason || (state === 'SUCCEEDED' ? 'ended by itself' : '');

function summary(attempts: readonly Attempt[]): string {
  const lost = attempts.filter(({ state }) => state === 'LOST').length;
  const retries = attempts.length - 1;
  const parts = [
    retries > 0 ? `${retries} ${retries === 1 ? 'retry' : 'retries'}` : '',
    lost > 0 ? `${lost} lost` : '',
  ].filter(Boolean);
  return parts.join(', ');
}

export function AttemptsPanel({ trial }: { trial: Trial }) {
  const { attempts } = trial;
  const now = useNow(
    1000,
    attempts.some((attempt) => !isOver(attempt)),
  );
  return (
    <section class="panel" aria-labelledby="attempts-title">
      <header class="panel-head">
        <h2 id="attempts-title">Attempts</h2>
        <span class="muted">{summary(attempts)}</span>
      </header>
      {attempts.length === 0 ? (
        <Empty title={trial.state === 'WAITING' ? 'It waits for its first attempt.' : 'It was never run.'} />
      ) : (
        <div class="table-scroll" tabIndex={0} role="region" aria-label="Attempts at the trial">
          <table class="plain-table attempts-table">
            <thead>
              <tr>
                <th scope="col">Attempt</th>
                <th scope="col">State</th>
                <th scope="col">Worker</th>
                <th scope="col">Began</th>
                <th scope="col">Ended</th>
                <th scope="col" class="right">
                  Took
                </th>
                <th scope="col">How it ended</th>
              </tr>
            </thead>
            <tbody>
              {attempts.map((attempt) => {
                const took = tookMs(attempt, now);
                return (
                  <tr key={attempt.id}>
                    <th scope="row">{attempt.id}</th>
                    <td>
                      <StateBadge state={attempt.state} plain />
                    </td>
                    <td class="wrap">{attempt.worker ?? '–'}</td>
                    <td>
                      <Moment at={attempt.started_at} />
                    </td>
                    <td>
                      <Moment at={attempt.ended_at} />
                    </td>
                    <td class="right">{took === null ? '–' : formatDuration(took)}</td>
                    <td class="wrap">{why(attempt) || '–'}</td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}
