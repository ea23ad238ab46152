import type { Study } from '../../api/types';
import { hrefOf, navigate } from '../../router';

// For charts whose points carry their trial: a click opens it.
export function opener(study: Study) {
  return (data: unknown) => {
    const { trial } = data as { trial?: number };
    if (trial !== undefined) navigate(hrefOf({ page: 'study', study: study.id, trial }));
  };
}
