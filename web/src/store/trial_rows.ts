// The rows of the trial table: the server filters, sorts and counts, and only the pages in view are asked for.
import { signal } from '@preact/signals';
import * as api from '../api/client';
import type { Trial, TrialPage } from '../api/types';

export const pageSize = 100;
// Changes come in bursts; what is in view is read again at most so often.
const againMs = 400;

export interface RowsQuery {
  filter: string;
  order: string; // a field, perhaps with ` desc` behind
}
export const newestFirst: RowsQuery = { filter: '', order: 'id desc' };

export interface Rows {
  readonly query: RowsQuery; // that the rows are of
  readonly total: number;
  readonly pages: ReadonlyMap<number, readonly Trial[]>; // those that are here
}

export const rowAt = ({ pages }: Rows, index: number): Trial | undefined =>
  pages.get(Math.floor(index / pageSize))?.[index % pageSize];

// Among the rows that are here; -1: in none of them.
export function indexOf({ pages }: Rows, trial: number): number {
  for (const [page, trials] of pages) {
    const index = trials.findIndex(({ id }) => id === trial);
    if (index >= 0) return page * pageSize + index;
  }
  return -1;
}

const same = (a: RowsQuery, b: RowsQuery): boolean => a.filter === b.filter && a.order === b.order;

export class TrialRows {
  readonly rows = signal<Rows>({ query: newestFirst, total: 0, pages: new Map() });
  readonly error = signal(''); // what the server did not understand, or why it did not answer
  readonly loading = signal(false);

  private query = newestFirst;
  private view = { first: 0, last: 0 }; // pages
  private asking = new AbortController();
  private readonly asked = new Set<number>(); // pages on their way
  private timer: ReturnType<typeof setTimeout> | undefined;
  private changedMeanwhile = false;

  constructor(private readonly study: string) {}

  close(): void {
    this.asking.abort();
    clearTimeout(this.timer);
  }

  // The first page, which somebody has read already.
  seed(page: TrialPage): void {
    if (same(this.query, newestFirst) && this.view.last === 0)
      this.rows.value = { query: newestFirst, total: page.total_size, pages: new Map([[0, page.trials]]) };
    else this.again();
  }

  // Rows of the query before stay until the first answer has come.
  ask(query: RowsQuery): void {
    if (same(query, this.query)) return;
    this.query = query;
    this.view = { first: 0, last: 0 };
    void this.read();
  }

  // Rows that are seen: from `first` up to `end`.
  show(first: number, end: number): void {
    this.view = { first: Math.floor(first / pageSize), last: Math.floor(Math.max(first, end - 1) / pageSize) };
    if (!same(this.rows.value.query, this.query)) return; // they are on their way
    const { pages, total } = this.rows.value;
    for (let page = this.view.first; page <= this.view.last; page += 1)
      if (page * pageSize < total && !pages.has(page) && !this.asked.has(page)) void this.readOne(page);
  }

  // Trials as they are now: those that are here change at once, where they stand; the server says where they belong.
  changed(trials: readonly Trial[]): void {
    if (trials.length === 0) return;
    const byId = new Map(trials.map((trial) => [trial.id, trial]));
    const pages = new Map(this.rows.value.pages);
    for (const [page, held] of pages)
      if (held.some(({ id }) => byId.has(id)))
        pages.set(
          page,
          held.map((trial) => byId.get(trial.id) ?? trial),
        );
    this.rows.value = { ...this.rows.value, pages };
    this.again();
  }

  // Every row of the query, page after page.
  async *all(abort: AbortSignal): AsyncGenerator<{ trials: Trial[]; total: number }> {
    const { query } = this;
    for (let token = ''; ;) {
      const at = token === '' ? { offset: 0 } : { token };
      const page = await api.listTrials(this.study, { ...query, size: api.mostTrialsAtOnce, at }, abort);
      yield { trials: page.trials, total: page.total_size };
      token = page.next_page_token;
      if (token === '') return;
    }
  }

  private again(): void {
    this.changedMeanwhile = true;
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      // A read under way is not broken off, however slow: its end looks again.
      if (this.changedMeanwhile && !this.loading.value) void this.read();
    }, againMs);
  }

  private askPage(page: number, abort: AbortSignal): Promise<TrialPage> {
    return api.listTrials(this.study, { ...this.query, size: pageSize, at: { offset: page * pageSize } }, abort);
  }

  // All pages in view, which take the place of what was there in one go.
  private async read(): Promise<void> {
    this.asking.abort();
    const asking = new AbortController();
    this.asking = asking;
    this.asked.clear();
    this.changedMeanwhile = false;
    const { query } = this;
    const wanted: number[] = [];
    for (let page = this.view.first; page <= this.view.last; page += 1) wanted.push(page);
    this.loading.value = true;
    try {
      const answers = await Promise.all(wanted.map((page) => this.askPage(page, asking.signal)));
      const pages = new Map(answers.map(({ trials }, i) => [wanted[i] as number, trials]));
      this.rows.value = { query, total: answers[0]?.total_size ?? 0, pages };
      this.error.value = '';
    } catch (error) {
      if (asking.signal.aborted) return;
      this.error.value = error instanceof Error ? error.message : String(error);
    }
    this.loading.value = false;
    if (this.changedMeanwhile) this.again();
    this.show(this.view.first * pageSize, (this.view.last + 1) * pageSize);
  }

  private async readOne(page: number): Promise<void> {
    const { signal } = this.asking;
    this.asked.add(page);
    try {
      const { trials, total_size } = await this.askPage(page, signal);
      if (signal.aborted) return;
      this.rows.value = {
        ...this.rows.value,
        total: total_size,
        pages: new Map(this.rows.value.pages).set(page, trials),
      };
    } catch (error) {
      if (!signal.aborted) this.error.value = error instanceof Error ? error.message : String(error);
    }
    if (!signal.aborted) this.asked.delete(page);
  }
}
