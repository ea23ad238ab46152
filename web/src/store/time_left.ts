// How long a study may still take; where that cannot be known, why.
import type { Study, Trial } from '../api/types';
import { progressOf, runsHere } from './progress';
import { isDone } from './study_state';

export type TimeLeft =
  | { ms: number; limit: 'trials' | 'time' } // the budget that is used up first, as far as it is known
  | { ms: null; why: string };

const recentTrials = 20;
const fewestTrials = 2;
const unitMs = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000, ms: 1 } as const;

// "1h30m" of a study file; a bare number is seconds. null: not a duration.
export function parseDuration(text: string): number | null {
  let total = 0;
  let rest = text;
  while (rest !== '') {
    const [part, amount, unit = 's'] = /^(\d+(?:\.\d+)?)(ms|[dhms])?/.exec(rest) ?? [];
    if (part === undefined) return null;
    total += Number(amount) * unitMs[unit as keyof typeof unitMs];
    rest = rest.slice(part.length);
  }
  return text === '' ? null : total;
}

// Without the time that a trial waited for its first attempt.
function lastDurations(trials: readonly Trial[]): number[] {
  return trials
    .filter((trial) => isDone(trial.state) && trial.state !== 'CANCELLED' && trial.ended_at !== null)
    .slice(-recentTrials)
    .map(
      ({ ended_at, created_at, attempts }) =>
        Date.parse(ended_at as string) - Date.parse(attempts[0]?.started_at ?? created_at),
    )
    .filter((duration) => duration >= 0);
}

// By the mean duration of the last trials and how many run side by side; null: there is no budget of trials.
function byTrials(study: Study, trials: readonly Trial[]): TimeLeft | null {
  const { done, budget, running } = progressOf(study);
  if (budget === null) return null;
  if (done >= budget) return { ms: 0, limit: 'trials' };
  const durations = lastDurations(trials);
  if (durations.length < fewestTrials) return { ms: null, why: 'too few trials have ended' };
  if (running === 0 && !runsHere(study)) return { ms: null, why: 'no worker has a trial' };
  const mean = durations.reduce((a, b) => a + b, 0) / durations.length;
  // How many workers there are outside is known by what they run.
  const sideBySide = Math.max(1, running, runsHere(study) ? (study.spec?.budget?.parallel ?? 1) : 0);
  return { ms: Math.ceil((budget - done) / sideBySide) * mean, limit: 'trials' };
}

// null: there is no budget of time.
function byTime({ spec, active_ms, read_at }: Study, now: number): TimeLeft | null {
  const limit = parseDuration(spec?.budget?.max_time ?? '');
  if (limit === null) return null;
  if (active_ms === undefined) return { ms: null, why: 'how long it was active is not known' };
  return { ms: Math.max(0, limit - active_ms - Math.max(0, now - (read_at ?? now))), limit: 'time' };
}

// A target, or no improvement, may end the study sooner. null: it does not go on now.
export function timeLeft(study: Study, trials: readonly Trial[], now: number): TimeLeft | null {
  if (study.state !== 'ACTIVE') return null;
  const [first, ...others] = [byTrials(study, trials), byTime(study, now)].filter((one) => one !== null);
  if (first === undefined) return { ms: null, why: 'it has no budget of trials or time' };
  return others.reduce(
    (least, one) => (one.ms !== null && (least.ms === null || one.ms < least.ms) ? one : least),
    first,
  );
}
