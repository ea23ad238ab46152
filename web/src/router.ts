// Addresses are paths; the server answers every path outside /api and /assets with index.html. A page to come is one
// more member of Route, one line in parseRoute and one in hrefOf.
import { signal } from '@preact/signals';

export type Route =
  | { page: 'studies' }
  | { page: 'study'; study: string; trial: number | null } // that trial beside it, or the best
  | { page: 'trial'; study: string; trial: number }
  | { page: 'model'; study: string; trial: number | null } // through that trial, or the best
  | { page: 'explore'; study: string }
  | { page: 'compare'; studies: readonly string[] }
  | { page: 'compare_trials'; study: string; trials: readonly number[] }
  | { page: 'not_found' };

function decoded(segment: string): string | null {
  try {
    return decodeURIComponent(segment);
  } catch {
    return null;
  }
}

export function parseRoute(path: string): Route {
  const parts = path.split('/').filter((part) => part !== '');
  if (parts.length === 0) return { page: 'studies' };
  const [head, id, tail, number, last] = parts;
  if (head === 'compare' && id !== undefined && parts.length === 2) {
    const studies = id.split(',').map(decoded);
    return studies.includes(null) ? { page: 'not_found' } : { page: 'compare', studies: studies as string[] };
  }
  if (head !== 'studies' || parts.length > 5 || (parts.length === 5 && last !== 'details'))
    return { page: 'not_found' };
  if (id === undefined) return { page: 'studies' };
  const study = decoded(id);
  if (study === null) return { page: 'not_found' };
  if (tail === undefined) return { page: 'study', study, trial: null };
  if (tail === 'model' && number === undefined) return { page: 'model', study, trial: null };
  if (tail === 'explore' && number === undefined) return { page: 'explore', study };
  if (tail === 'compare' && number !== undefined && /^[1-9]\d{0,14}(,[1-9]\d{0,14})*$/.test(number))
    return { page: 'compare_trials', study, trials: number.split(',').map(Number) };
  if (number !== undefined && /^[1-9]\d{0,14}$/.test(number)) {
    const trial = Number(number);
    if (tail === 'trials' && last === 'details') return { page: 'trial', study, trial };
    if (tail === 'trials') return { page: 'study', study, trial };
    if (tail === 'model' && last === undefined) return { page: 'model', study, trial };
  }
  return { page: 'not_found' };
}

// A report is one file: its addresses are fragments.
let prefix: '' | '#' = '';

export function hrefOf(route: Exclude<Route, { page: 'not_found' }>): string {
  return prefix + pathOf(route);
}

function pathOf(route: Exclude<Route, { page: 'not_found' }>): string {
  if (route.page === 'studies') return '/';
  if (route.page === 'compare') return `/compare/${route.studies.map(encodeURIComponent).join(',')}`;
  const study = `/studies/${encodeURIComponent(route.study)}`;
  if (route.page === 'compare_trials') return `${study}/compare/${route.trials.join(',')}`;
  if (route.page === 'explore') return `${study}/explore`;
  if (route.page === 'trial') return `${study}/trials/${route.trial}/details`;
  if (route.page === 'model') return route.trial === null ? `${study}/model` : `${study}/model/${route.trial}`;
  return route.trial === null ? study : `${study}/trials/${route.trial}`;
}

export const route = signal<Route>({ page: 'studies' });

function follow(): void {
  route.value = parseRoute(prefix === '#' ? location.hash.slice(1) : location.pathname);
}

export function navigate(href: string, options: { replace?: boolean } = {}): void {
  if (href === (prefix === '#' ? location.hash : location.pathname)) return;
  history[options.replace ? 'replaceState' : 'pushState'](null, '', href);
  follow();
}

// The same within one page, which is not of a server.
export function startFragmentRouter(): void {
  prefix = '#';
  follow();
  addEventListener('popstate', follow);
}

// Follows the address bar, and links of this origin without loading the page again.
export function startRouter(): void {
  follow();
  addEventListener('popstate', follow);
  document.addEventListener('click', (event) => {
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = (event.target as Element | null)?.closest('a');
    if (!link || link.origin !== location.origin || link.target || link.hasAttribute('download')) return;
    event.preventDefault();
    navigate(link.pathname);
  });
}
