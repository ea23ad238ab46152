// What the page knows of one study, and how an event changes it: pure functions of values. Of a long study that are the
// newest trials and those that were opened; counts and the best are the server's. Events carry whole trials and reports
// name their step, so applying one twice, or one that a snapshot already holds, does no harm.
import type { Goal, History, StepRecord, Study, StudyEvent, Trial, TrialState } from '../api/types';
import { withEnded } from './history_state';

export interface StudyData {
  readonly study: Study;
  readonly trials: readonly Trial[]; // those that the page has met, among them the newest; ascending by id
  readonly latest: ReadonlyMap<number, StepRecord>; // the last report of each trial that still runs
  readonly curves: ReadonlyMap<number, readonly StepRecord[]>; // ascending by step, of the trials that are open
  readonly history: History; // the values of all trials
  readonly seq: number; // of the last event that is in here
}

const idOf = (trial: Trial): number => trial.id;

export const goalOf = (study: Study): Goal => (study.spec?.metric?.goal === 'minimize' ? 'minimize' : 'maximize');

export function isBetter(a: number, b: number, goal: Goal): boolean {
  return goal === 'maximize' ? a > b : a < b;
}

// Whether all outcome constraints hold; true where there are none.
export const isFeasible = (trial: Trial): boolean =>
  Object.values(trial.constraints ?? {}).every(({ feasible }) => feasible);

export interface Snapshot {
  study: Study;
  trials: readonly Trial[]; // the newest
  history: History;
  seq: number; // of the oldest of the three: what happened since comes again as events
}

export function fromSnapshot({ study, trials, history, seq }: Snapshot, previous?: StudyData): StudyData {
  const sorted = [...trials].sort((a, b) => a.id - b.id);
  const running = new Set(sorted.filter((trial) => !isDone(trial.state)).map(idOf));
  return {
    study,
    trials: sorted,
    latest: new Map([...(previous?.latest ?? [])].filter(([id]) => running.has(id))),
    curves: previous?.curves ?? new Map(),
    history,
    seq,
  };
}

// Where `id` is, or would be inserted, in values that ascend by `key`.
function position<T>(values: readonly T[], key: (value: T) => number, id: number): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (key(values[middle] as T) < id) low = middle + 1;
    else high = middle;
  }
  return low;
}

function put<T>(values: T[], key: (value: T) => number, value: T): void {
  const at = position(values, key, key(value));
  const known = at < values.length && key(values[at] as T) === key(value);
  values.splice(at, known ? 1 : 0, value);
}

export function findTrial(trials: readonly Trial[], id: number): Trial | null {
  const trial = trials[position(trials, idOf, id)];
  return trial?.id === id ? trial : null;
}

// Records of two sources by step. Where both have one, `newer` wins metric by metric, since reports of a step may be
// split.
export function mergeRecords(older: readonly StepRecord[], newer: readonly StepRecord[]): StepRecord[] {
  const bySteps = new Map(older.map((record) => [record.step, record]));
  for (const { step, metrics } of newer) {
    bySteps.set(step, { step, metrics: { ...bySteps.get(step)?.metrics, ...metrics } });
  }
  return [...bySteps.values()].sort((a, b) => a.step - b.step);
}

function appendRecord(records: readonly StepRecord[], record: StepRecord): StepRecord[] {
  const last = records[records.length - 1];
  return last && last.step >= record.step ? mergeRecords(records, [record]) : [...records, record];
}

// How long the study has been ACTIVE, as it is said now.
const activity = (active_ms: number | undefined): Pick<Study, 'active_ms' | 'read_at'> =>
  active_ms === undefined ? {} : { active_ms, read_at: Date.now() };

const mostKnown = 1000;

// Old ones go, but those that are open and the best.
function forgetOld(trials: Trial[], data: StudyData): Trial[] {
  if (trials.length <= mostKnown + mostKnown / 2) return trials;
  const oldest = trials.length - mostKnown;
  const best = data.study.best?.trial;
  return trials.filter(({ id }, index) => index >= oldest || id === best || data.curves.has(id));
}

// Many events at once, so that a burst costs one copy of the trials and one drawing.
export function applyEvents(data: StudyData, events: readonly StudyEvent[]): StudyData {
  const fresh = events.filter((event) => event.seq > data.seq);
  if (fresh.length === 0) return data;
  let study = data.study;
  let trials: Trial[] | null = null; // copied on the first change, so that reports alone redraw no table
  const ended: Trial[] = [];
  const latest = new Map(data.latest);
  const curves = new Map(data.curves);
  let seq = data.seq;
  for (const event of fresh) {
    seq = Math.max(seq, event.seq);
    switch (event.type) {
      case 'STUDY_CREATED':
      case 'STUDY_UPDATED':
        study = { ...study, ...event.study };
        break;
      case 'STUDY_STATE_CHANGED': {
        const { state, state_reason } = event;
        study = { ...study, state, state_reason, ...activity(event.active_ms) };
        if (hasEnded(study)) study.ended_at = event.time ?? study.ended_at;
        break;
      }
      case 'TRIAL_CREATED':
      case 'TRIAL_STATE_CHANGED':
        trials ??= [...data.trials];
        put(trials, idOf, event.trial);
        if (isDone(event.trial.state)) latest.delete(event.trial.id);
        if (event.seq > data.history.seq) ended.push(event.trial);
        break;
      case 'TRIAL_REPORTED': {
        const record = { step: event.step, metrics: event.metrics };
        latest.set(event.trial_id, record);
        const curve = curves.get(event.trial_id);
        if (curve) curves.set(event.trial_id, appendRecord(curve, record));
        break;
      }
    }
  }
  const current = trials ? forgetOld(trials, data) : data.trials;
  return { study, trials: current, latest, curves, history: withEnded(data.history, ended), seq };
}

// The counts, the best and the state, which the server keeps; older ones than are known change nothing.
export function withSummary(data: StudyData, summary: Study): StudyData {
  if (summary.seq < data.study.seq) return data;
  const { spec = data.study.spec, ...rest } = summary;
  return { ...data, study: { ...data.study, ...rest, ...(spec && { spec }) } };
}

// Trials that were asked for by themselves; of those that are known events may have told more.
export function withTrials(data: StudyData, found: readonly Trial[]): StudyData {
  const unknown = found.filter(({ id }) => findTrial(data.trials, id) === null);
  const trials = [...data.trials, ...unknown].sort((a, b) => a.id - b.id);
  return unknown.length === 0 ? data : { ...data, trials };
}

export function withCurve(data: StudyData, trial: number, records: readonly StepRecord[]): StudyData {
  const merged = mergeRecords(records, data.curves.get(trial) ?? []);
  const curves = new Map(data.curves).set(trial, merged);
  const last = merged.at(-1);
  const running = last !== undefined && findTrial(data.trials, trial)?.state === 'RUNNING';
  return running ? { ...data, curves, latest: new Map(data.latest).set(trial, last) } : { ...data, curves };
}

export function withoutCurve(data: StudyData, trial: number): StudyData {
  const curves = new Map(data.curves);
  curves.delete(trial);
  return { ...data, curves };
}

// A study as an action's answer has it; older than what events have brought, it changes nothing.
export function withAnswer(data: StudyData, answer: Study): StudyData {
  if (answer.seq < data.seq) return data;
  const { state, state_reason, ended_at, active_ms } = answer;
  return { ...data, study: { ...data.study, state, state_reason, ended_at, ...activity(active_ms) } };
}

const doneStates: ReadonlySet<TrialState> = new Set(['COMPLETED', 'PRUNED', 'FAILED', 'INFEASIBLE', 'CANCELLED']);
export const isDone = (state: TrialState): boolean => doneStates.has(state);

export const hasEnded = (study: Pick<Study, 'state'>): boolean =>
  study.state === 'COMPLETED' || study.state === 'STOPPED' || study.state === 'FAILED';
