// Parts that show the passing of time: each ticks alone, so that nothing around it is drawn again.
import { useEffect, useState } from 'preact/hooks';
import type { Study } from '../api/types';
import { formatAge, formatDuration } from '../format';
import { elapsedMs } from '../store/progress';
import { hasEnded } from '../store/study_state';

export function useNow(everyMs: number, running = true): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    if (!running) return undefined;
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs, running]);
  return now;
}

export function Age({ since }: { since: string }) {
  const now = useNow(20_000);
  return (
    <time dateTime={since} title={new Date(since).toLocaleString()}>
      {formatAge(now - Date.parse(since))}
    </time>
  );
}

export function Elapsed({ study }: { study: Study }) {
  const now = useNow(1000, !hasEnded(study));
  return <>{formatDuration(elapsedMs(study, now))}</>;
}
