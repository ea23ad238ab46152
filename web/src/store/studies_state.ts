// The list of studies as a value, and how an event of the list changes it. Events leave `spec` out, so the one already
// known is kept.
import type { Study } from '../api/types';

export interface StudiesData {
  readonly studies: readonly Study[]; // newest first
  readonly nextPageToken: string;
}

const newestFirst = (a: Study, b: Study): number =>
  Date.parse(b.created_at) - Date.parse(a.created_at) || (a.id < b.id ? -1 : 1);

export function withStudy(data: StudiesData, study: Study): StudiesData {
  const known = data.studies.find((other) => other.id === study.id);
  if (known && known.seq > study.seq) return data;
  const spec = study.spec ?? known?.spec;
  const merged: Study = spec ? { ...known, ...study, spec } : { ...known, ...study };
  const others = data.studies.filter((other) => other.id !== study.id);
  return { ...data, studies: [...others, merged].sort(newestFirst) };
}

export function withoutStudy(data: StudiesData, id: string): StudiesData {
  return { ...data, studies: data.studies.filter((study) => study.id !== id) };
}

// A page read anew: it says what exists among the studies as new as its last one; older ones were read before and stay.
export function withFirstPage(data: StudiesData | null, page: readonly Study[], nextPageToken: string): StudiesData {
  const last = page[page.length - 1];
  const older = nextPageToken === '' || !last ? [] : (data?.studies ?? []).filter((s) => newestFirst(last, s) < 0);
  const token = older.length > 0 && data ? data.nextPageToken : nextPageToken;
  return page.reduce(withStudy, { studies: older, nextPageToken: token });
}

export function withNextPage(data: StudiesData, page: readonly Study[], nextPageToken: string): StudiesData {
  return { ...page.reduce(withStudy, data), nextPageToken };
}
