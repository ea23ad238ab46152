// The list of studies, live. Its events have no numbers to resume from, so each new connection reads the first page
// again.
import { signal } from '@preact/signals';
import * as api from '../api/client';
import { decodeStudy } from '../api/decode';
import type { Told } from '../api/hub';
import { goLive, type Live } from '../api/live';
import type { Connection } from '../api/stream';
import type { Study } from '../api/types';
import { type StudiesData, withFirstPage, withNextPage, withoutStudy, withStudy } from './studies_state';

export class StudiesStore {
  readonly data = signal<StudiesData | null>(null);
  readonly connection = signal<Connection>('connecting');
  readonly failure = signal<api.ApiError | null>(null);
  readonly loadingMore = signal(false);

  private readonly closing = new AbortController();
  private readonly asked = new Set<string>(); // studies whose spec is on its way
  private readonly live: Live;

  constructor() {
    const wish = { list: true, studies: [] };
    this.live = goLive(
      () => wish,
      (told) => this.hear(told),
    );
    void this.load();
  }

  close(): void {
    this.closing.abort();
    this.live.close();
  }

  async load(): Promise<void> {
    try {
      const page = await api.listStudies('', this.closing.signal);
      this.data.value = withFirstPage(this.data.value, page.studies, page.next_page_token);
      this.failure.value = null;
    } catch (error) {
      if (error instanceof api.ApiError && !this.closing.signal.aborted) this.failure.value = error;
    }
  }

  async loadMore(): Promise<void> {
    const token = this.data.value?.nextPageToken ?? '';
    if (token === '' || this.loadingMore.value) return;
    this.loadingMore.value = true;
    try {
      const page = await api.listStudies(token, this.closing.signal);
      this.update((data) => withNextPage(data, page.studies, page.next_page_token));
    } catch (error) {
      if (error instanceof api.ApiError && !this.closing.signal.aborted) this.failure.value = error;
    } finally {
      this.loadingMore.value = false;
    }
  }

  // What is done to one of them: its row follows by the events.
  acting(id: string) {
    const pendingAction = signal<api.StudyAction | null>(null);
    const actionError = signal('');
    const act = async (action: api.StudyAction): Promise<void> => {
      pendingAction.value = action;
      actionError.value = '';
      try {
        const study = await api.actOnStudy(id, action);
        this.update((data) => withStudy(data, study));
      } catch (error) {
        actionError.value = error instanceof Error ? error.message : String(error);
      } finally {
        pendingAction.value = null;
      }
    };
    return { pendingAction, actionError, act };
  }

  private update(change: (data: StudiesData) => StudiesData): void {
    if (this.data.value) this.data.value = change(this.data.value);
  }

  private hear(told: Told): void {
    if (told.kind === 'connection') this.connection.value = told.connection;
    else if (told.kind === 'list') void this.load();
    else if (told.kind === 'deleted') this.update((data) => withoutStudy(data, told.id));
    else if (told.kind === 'study') this.receive(decodeStudy(told.study));
  }

  private receive(study: Study): void {
    this.update((data) => withStudy(data, study));
    const known = this.data.value?.studies.find((other) => other.id === study.id);
    if (known && !known.spec) void this.askForSpec(study.id);
  }

  private async askForSpec(id: string): Promise<void> {
    if (this.asked.has(id)) return;
    this.asked.add(id);
    try {
      const study = await api.getStudy(id, this.closing.signal);
      this.update((data) => withStudy(data, study));
    } catch {
      // Deleted meanwhile, or the server is away: the next event of the study asks again.
      this.asked.delete(id);
    }
  }
}
