// The list of studies, live. Its events have no numbers to resume from, so each new connection reads the first page
// again.
import { signal } from '@preact/signals';
import * as api from '../api/client';
import { decodeStudy } from '../api/decode';
import { type Connection, EventStream } from '../api/stream';
import type { Study } from '../api/types';
import { type StudiesData, withFirstPage, withNextPage, withoutStudy, withStudy } from './studies_state';

export class StudiesStore {
  readonly data = signal<StudiesData | null>(null);
  readonly connection = signal<Connection>('connecting');
  readonly failure = signal<api.ApiError | null>(null);
  readonly loadingMore = signal(false);

  private readonly closing = new AbortController();
  private readonly asked = new Set<string>(); // studies whose spec is on its way
  private readonly stream: EventStream;

  constructor() {
    this.stream = new EventStream({
      url: () => api.allEventsUrl,
      types: ['study', 'study_deleted'],
      onEvent: (type, event) => this.receive(type, event),
      onConnection: (connection) => {
        this.connection.value = connection;
      },
      onOpen: () => void this.load().catch(() => undefined),
      beforeRetry: () => this.load(),
    });
    void this.load().catch(() => undefined);
  }

  close(): void {
    this.closing.abort();
    this.stream.close();
  }

  async load(): Promise<void> {
    try {
      const page = await api.listStudies('', this.closing.signal);
      this.data.value = withFirstPage(this.data.value, page.studies, page.next_page_token);
      this.failure.value = null;
    } catch (error) {
      if (error instanceof api.ApiError && !this.closing.signal.aborted) this.failure.value = error;
      throw error;
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

  private update(change: (data: StudiesData) => StudiesData): void {
    if (this.data.value) this.data.value = change(this.data.value);
  }

  private receive(type: string, event: unknown): void {
    if (type === 'study_deleted') {
      this.update((data) => withoutStudy(data, (event as { id: string }).id));
      return;
    }
    const study = decodeStudy(event as Study);
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
