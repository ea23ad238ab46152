// From JSON to the values of types.ts. Only numbers need work: JSON has no NaN and no infinities, so they come as
// strings. Parameters are left alone, because "NaN" may be a category.
import type { Best, Metrics, StepRecord, Study, StudyEvent, Trial, TrialWithRecords } from './types';

type Wire<T> = T extends number ? number | string : T;

export function decodeNumber(value: unknown): number | null {
  if (typeof value === 'number') return value;
  if (value === 'NaN') return NaN;
  if (value === 'Infinity') return Infinity;
  if (value === '-Infinity') return -Infinity;
  return null;
}

function decodeMetrics(metrics: Record<string, Wire<number>> | null | undefined): Metrics {
  const decoded: Metrics = {};
  for (const [name, value] of Object.entries(metrics ?? {})) {
    const number = decodeNumber(value);
    if (number !== null) decoded[name] = number;
  }
  return decoded;
}

function decodeRecord(record: StepRecord): StepRecord {
  return { step: record.step, metrics: decodeMetrics(record.metrics) };
}

export function decodeTrial(trial: Trial): Trial {
  const decoded: Trial = {
    ...trial,
    value: decodeNumber(trial.value),
    params: trial.params ?? {},
    attempts: trial.attempts ?? [],
    reason: trial.reason ?? '',
    ended_at: trial.ended_at ?? null,
  };
  if (trial.values) decoded.values = decodeMetrics(trial.values);
  if (trial.suggestion) {
    const { method, ...numbers } = trial.suggestion;
    decoded.suggestion = { method, ...decodeMetrics(numbers as Record<string, Wire<number>>) };
  }
  return decoded;
}

export function decodeTrialWithRecords(trial: TrialWithRecords): TrialWithRecords {
  return { ...decodeTrial(trial), records: (trial.records ?? []).map(decodeRecord) };
}

function decodeBest(best: Best | null | undefined): Best | null {
  const value = decodeNumber(best?.value);
  return best && value !== null ? { trial: best.trial, value, params: best.params ?? {} } : null;
}

export function decodeStudy(study: Study): Study {
  return {
    ...study,
    state_reason: study.state_reason ?? '',
    best: decodeBest(study.best),
    trial_counts: study.trial_counts ?? {},
    improvements: study.improvements ?? [],
    ended_at: study.ended_at ?? null,
    read_at: Date.now(),
  };
}

export function decodeEvent(event: StudyEvent): StudyEvent {
  switch (event.type) {
    case 'STUDY_CREATED':
    case 'STUDY_UPDATED':
      return { ...event, study: decodeStudy(event.study) };
    case 'TRIAL_CREATED':
    case 'TRIAL_STATE_CHANGED':
      return { ...event, trial: decodeTrial(event.trial) };
    case 'TRIAL_REPORTED':
      return { ...event, metrics: decodeMetrics(event.metrics) };
    default:
      return event;
  }
}
