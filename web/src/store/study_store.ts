// One study, live: reads it once, then follows its events. Components read the signals and never send requests
// themselves.
import { computed, signal } from '@preact/signals';
import * as api from '../api/client';
import { decodeEvent, decodeStudy } from '../api/decode';
import type { Told } from '../api/hub';
import { goLive, type Live } from '../api/live';
import type { Connection } from '../api/stream';
import type { StudyEvent, Trial } from '../api/types';
import {
  applyEvents,
  findTrial,
  fromSnapshot,
  type StudyData,
  withAnswer,
  withCurve,
  withoutCurve,
  withSummary,
  withTrials,
} from './study_state';
import { newestFirst, pageSize, TrialRows } from './trial_rows';

const batchMs = 50;
const startAgainMs = 3000;
const afterFirstViewMs = 1000;

export class StudyStore {
  readonly data = signal<StudyData | null>(null);
  readonly connection = signal<Connection>('connecting');
  readonly failure = signal<api.ApiError | null>(null); // why there is nothing to show
  readonly notFound = computed(() => this.failure.value?.status === 404);
  readonly pendingAction = signal<api.StudyAction | null>(null);
  readonly actionError = signal<string>('');
  readonly rows: TrialRows; // of the table

  private live: Live | null = null;
  private queue: StudyEvent[] = [];
  private flushTimer: ReturnType<typeof setTimeout> | undefined;
  private meetTimer: ReturnType<typeof setTimeout> | undefined;
  private startTimer: ReturnType<typeof setTimeout> | undefined;
  private readonly asked = new Set<number>(); // trials on their way
  private readonly closing = new AbortController();

  constructor(readonly id: string) {
    this.rows = new TrialRows(id);
    void this.start();
  }

  close(): void {
    this.closing.abort();
    clearTimeout(this.flushTimer);
    clearTimeout(this.startTimer);
    clearTimeout(this.meetTimer);
    this.live?.close();
    this.rows.close();
  }

  // While a trial is open its reports are collected, from before the moment its records are asked for.
  async openCurve(trial: number): Promise<void> {
    this.update((data) => withCurve(data, trial, []));
    const { records, ...found } = await api.getTrial(this.id, trial, this.closing.signal);
    this.update((data) => withTrials(data, [found]));
    this.update((data) => (data.curves.has(trial) ? withCurve(data, trial, records) : data));
  }

  closeCurve(trial: number): void {
    this.update((data) => withoutCurve(data, trial));
  }

  // A trial that is to be shown and may be older than those that are known.
  async meet(trial: number): Promise<void> {
    const data = this.data.value;
    if (data === null || this.asked.has(trial) || findTrial(data.trials, trial) !== null) return;
    this.asked.add(trial);
    try {
      const { records: _, ...found } = await api.getTrial(this.id, trial, this.closing.signal);
      this.update((now) => withTrials(now, [found]));
    } catch {
      // There is no such trial, or the server is away: the page says what it does not have.
    } finally {
      this.asked.delete(trial);
    }
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
    const wish = () => ({ list: false, studies: [{ id: this.id, after: this.data.value?.seq ?? 0 }] });
    this.live = goLive(wish, (told) => this.hear(told));
  }

  private async load(): Promise<void> {
    const { signal } = this.closing;
    const newest = { ...newestFirst, size: pageSize, at: { offset: 0 } };
    const [study, page, history] = await Promise.all([
      api.getStudy(this.id, signal),
      api.listTrials(this.id, newest, signal),
      api.getHistory(this.id, '', signal),
    ]);
    this.queue = [];
    const seq = Math.min(study.seq, page.seq, history.seq);
    this.data.value = fromSnapshot({ study, trials: page.trials, history, seq }, this.data.value ?? undefined);
    this.rows.seed(page);
    this.failure.value = null;
    if (study.best) void this.meet(study.best.trial);
    if (page.total_size > pageSize) this.meetTimer ??= setTimeout(() => void this.meetNewest(), afterFirstViewMs);
  }

  // What is told of the latest trials needs more of them than the first view shows.
  private async meetNewest(): Promise<void> {
    const newest = { ...newestFirst, size: api.mostTrialsAtOnce, at: { offset: 0 } };
    const page = await api.listTrials(this.id, newest, this.closing.signal).catch(() => null);
    if (page !== null) this.update((data) => withTrials(data, page.trials));
  }

  private async reload(): Promise<void> {
    try {
      await this.load();
      const open = [...(this.data.value?.curves.keys() ?? [])];
      await Promise.all(open.map((trial) => this.openCurve(trial)));
      this.live?.renew();
    } catch (error) {
      if (this.closing.signal.aborted) return;
      if (error instanceof api.ApiError && error.status === 404) this.fail(error);
      else this.startTimer = setTimeout(() => void this.reload(), startAgainMs);
    }
  }

  private fail(error: unknown): void {
    this.live?.close();
    this.live = null;
    this.failure.value = error instanceof api.ApiError ? error : new api.ApiError(String(error), 0, 'internal');
  }

  private hear(told: Told): void {
    switch (told.kind) {
      case 'connection':
        this.connection.value = told.connection;
        return;
      case 'event':
        this.queue.push(decodeEvent(told.event));
        this.flushTimer ??= setTimeout(() => this.flush(), batchMs);
        return;
      case 'study': {
        const summary = decodeStudy(told.study);
        this.update((data) => withSummary(data, summary));
        if (summary.best) void this.meet(summary.best.trial);
        return;
      }
      case 'reset':
        void this.reload();
        return;
      case 'deleted':
        this.fail(new api.ApiError('There is no such study.', 404, 'not_found'));
        return;
      case 'list':
        return;
    }
  }

  private flush(): void {
    this.flushTimer = undefined;
    const events = this.queue;
    this.queue = [];
    this.update((data) => applyEvents(data, events));
    this.rows.changed(changedBy(events));
  }
}

const changedBy = (events: readonly StudyEvent[]): Trial[] =>
  events.flatMap((event) => ('trial' in event ? [event.trial] : []));
