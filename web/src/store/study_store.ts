// One study, live: reads it once, then follows its events. Components read the signals and never send requests
// themselves.
import { computed, signal } from '@preact/signals';
import * as api from '../api/client';
import { decodeEvent } from '../api/decode';
import { type Connection, EventStream } from '../api/stream';
import { type StudyEvent, studyEventTypes } from '../api/types';
import { applyEvents, fromSnapshot, type StudyData, withAnswer, withCurve, withoutCurve } from './study_state';

const batchMs = 50;
const startAgainMs = 3000;

export class StudyStore {
  readonly data = signal<StudyData | null>(null);
  readonly connection = signal<Connection>('connecting');
  readonly failure = signal<api.ApiError | null>(null); // why there is nothing to show
  readonly notFound = computed(() => this.failure.value?.status === 404);
  readonly pendingAction = signal<api.StudyAction | null>(null);
  readonly actionError = signal<string>('');

  private stream: EventStream | null = null;
  private queue: StudyEvent[] = [];
  private flushTimer: ReturnType<typeof setTimeout> | undefined;
  private startTimer: ReturnType<typeof setTimeout> | undefined;
  private readonly closing = new AbortController();

  constructor(readonly id: string) {
    void this.start();
  }

  close(): void {
    this.closing.abort();
    clearTimeout(this.flushTimer);
    clearTimeout(this.startTimer);
    this.stream?.close();
  }

  // While a trial is open its reports are collected, from before the moment its records are asked for.
  async openCurve(trial: number): Promise<void> {
    this.update((data) => withCurve(data, trial, []));
    const { records } = await api.getTrial(this.id, trial, this.closing.signal);
    this.update((data) => (data.curves.has(trial) ? withCurve(data, trial, records) : data));
  }

  closeCurve(trial: number): void {
    this.update((data) => withoutCurve(data, trial));
  }

  async act(action: api.StudyAction): Promise<void> {
    this.pendingAction.value = action;
    this.actionError.value = '';
    try {
      const answer = await api.actOnStudy(this.id, action);
      this.update((data) => withAnswer(data, answer));
    } catch (error) {
      this.actionError.value = error instanceof Error ? error.message : String(error);
    } finally {
      this.pendingAction.value = null;
    }
  }

  private update(change: (data: StudyData) => StudyData): void {
    if (this.data.value) this.data.value = change(this.data.value);
  }

  private async start(): Promise<void> {
    try {
      await this.load();
    } catch (error) {
      if (this.closing.signal.aborted) return;
      this.fail(error);
      if (!this.notFound.value) this.startTimer = setTimeout(() => void this.start(), startAgainMs);
      return;
    }
    this.stream = new EventStream({
      url: () => api.studyEventsUrl(this.id, this.data.value?.seq ?? 0),
      types: [...studyEventTypes, 'reset'],
      onEvent: (type, event) => this.receive(type, event),
      onConnection: (connection) => {
        this.connection.value = connection;
      },
      beforeRetry: () => this.reload(),
    });
  }

  private async load(): Promise<void> {
    const study = await api.getStudy(this.id, this.closing.signal);
    const trials = await api.listAllTrials(this.id, this.closing.signal);
    this.queue = [];
    this.data.value = fromSnapshot(study, trials, this.data.value ?? undefined);
    this.failure.value = null;
  }

  private async reload(): Promise<void> {
    try {
      await this.load();
      const open = [...(this.data.value?.curves.keys() ?? [])];
      await Promise.all(open.map((trial) => this.openCurve(trial)));
    } catch (error) {
      if (error instanceof api.ApiError && error.status === 404) this.fail(error);
      throw error;
    }
  }

  private fail(error: unknown): void {
    this.stream?.close();
    this.stream = null;
    this.failure.value = error instanceof api.ApiError ? error : new api.ApiError(String(error), 0, 'internal');
  }

  private receive(type: string, event: unknown): void {
    if (type === 'reset') {
      // The history since our number is gone: only a new snapshot can close the gap.
      void this.reload().then(
        () => this.stream?.restart(),
        () => this.stream?.retryLater(),
      );
      return;
    }
    this.queue.push(decodeEvent(event as StudyEvent));
    this.flushTimer ??= setTimeout(() => this.flush(), batchMs);
  }

  private flush(): void {
    this.flushTimer = undefined;
    const events = this.queue;
    this.queue = [];
    this.update((data) => applyEvents(data, events));
  }
}
