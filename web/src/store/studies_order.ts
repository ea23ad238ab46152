// How the list of studies is sorted.
import type { Study } from '../api/types';
import { progressOf } from './progress';

export interface StudyOrder {
  by: 'name' | 'state' | 'best' | 'done' | 'created';
  descending: boolean;
}

type Key = string | number | null;

const keys: Record<StudyOrder['by'], (study: Study) => Key> = {
  name: (study) => study.name.toLowerCase(),
  state: (study) => study.state,
  best: (study) => study.best?.value ?? null,
  done: (study) => progressOf(study).done,
  created: (study) => study.created_at,
};

// Studies without a value are last either way; equal ones stay as they were.
export function sortStudies(studies: readonly Study[], { by, descending }: StudyOrder): Study[] {
  const key = keys[by];
  return [...studies].sort((first, second) => {
    const [a, b] = [key(first), key(second)];
    if (a === null || b === null) return Number(a === null) - Number(b === null);
    if (a === b) return 0;
    return a < b !== descending ? -1 : 1;
  });
}
