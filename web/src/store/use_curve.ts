// The records of a trial of a study, kept up to date while it is open.
import { useEffect, useState } from 'preact/hooks';
import type { StepRecord } from '../api/types';
import type { StudyStore } from './study_store';

export interface OpenCurve {
  records: readonly StepRecord[];
  loading: boolean;
  error: string;
}

const none: readonly StepRecord[] = [];

export function useCurve(store: StudyStore, trial: number): OpenCurve {
  const [loaded, setLoaded] = useState<number | null>(null);
  const [error, setError] = useState('');
  useEffect(() => {
    let open = true; // an answer that comes late belongs to a trial that is shown no more
    setError('');
    store.openCurve(trial).then(
      () => open && setLoaded(trial),
      (reason: unknown) => open && setError(reason instanceof Error ? reason.message : String(reason)),
    );
    return () => {
      open = false;
      store.closeCurve(trial);
    };
  }, [store, trial]);
  const records = store.data.value?.curves.get(trial) ?? none;
  return { records, error, loading: error === '' && loaded !== trial && records.length === 0 };
}
