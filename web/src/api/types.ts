// The values of docs/rest.md, after decode.ts has turned "NaN", "Infinity" and "-Infinity" into numbers.

export const studyStates = ['ACTIVE', 'PAUSED', 'STOPPING', 'COMPLETED', 'STOPPED', 'FAILED'] as const;
export type StudyState = (typeof studyStates)[number];

export const trialStates = [
  'WAITING',
  'RUNNING',
  'PAUSED',
  'STOPPING',
  'COMPLETED',
  'PRUNED',
  'FAILED',
  'INFEASIBLE',
  'CANCELLED',
] as const;
export type TrialState = (typeof trialStates)[number];

export type AttemptState =
  'LAUNCHING' | 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'LOST' | 'PREEMPTED' | 'TIMED_OUT' | 'CANCELLED';

export type Goal = 'maximize' | 'minimize';
export type ParamValue = number | string | boolean | null;
export type Params = Record<string, ParamValue>;
export type Metrics = Record<string, number>;

export interface ParameterSpec {
  type?: 'float' | 'int' | 'categorical' | 'ordinal' | 'fixed';
  min?: number;
  max?: number;
  scale?: string;
  step?: number;
  value?: ParamValue; // fixed
  values?: ParamValue[];
  default?: ParamValue;
  when?: Record<string, ParamValue | ParamValue[]>; // active only where all hold
}

export interface Objective {
  name: string;
  goal: Goal;
}

export interface Constraint {
  name: string;
  min?: number;
  max?: number;
}

export interface Budget {
  max_trials?: number | null;
  parallel?: number | null;
  max_time?: string | null; // 1h30m
}

// What the page reads of the canonical study file; the rest is left alone.
export interface Spec {
  description?: string;
  metric?: { name?: string; goal?: Goal; target?: number | null };
  objectives?: Objective[]; // two to four, instead of a metric
  constraints?: Constraint[];
  method?: string;
  parameters?: Record<string, ParameterSpec>;
  budget?: Budget;
  train?: object; // the built-in trainer runs the trials
  keep_models?: number; // of so many of the best trials the trained model is kept
  command?: string[]; // this program does; with neither, workers outside do
}

export interface Best {
  trial: number;
  value: number;
  params: Params;
}

export interface Study {
  id: string;
  name: string;
  state: StudyState;
  state_reason: string;
  spec?: Spec; // left out by the events of all studies
  best: Best | null;
  trial_counts: Partial<Record<TrialState, number>>;
  improvements: [trial: number, value: number][]; // each trial that was the best so far, thinned out
  seq: number;
  active_ms?: number; // how long it had been ACTIVE when it was read
  read_at?: number; // when that was, by this machine's clock
  created_at: string;
  ended_at: string | null;
}

export interface Attempt {
  id: number;
  state: AttemptState;
  worker?: string;
  reason?: string;
  started_at?: string | null;
  ended_at?: string | null;
}

export interface Suggestion {
  method: string;
  fit?: number;
  through?: number;
  mean?: number;
  sd?: number;
  log_ei?: number;
  note?: string;
}

export interface StepRecord {
  step: number;
  metrics: Metrics;
}

export interface Trial {
  id: number;
  state: TrialState;
  reason: string;
  params: Params;
  value: number | null;
  values?: Metrics; // of several objectives
  constraints?: Record<string, { value: number; feasible: boolean }>;
  suggestion?: Suggestion | null;
  attempts: Attempt[];
  created_at: string;
  ended_at: string | null;
  files_removed_at?: string; // its logs and its model
}

export interface TrialWithRecords extends Trial {
  records: StepRecord[];
}

export interface StudyPage {
  studies: Study[];
  next_page_token: string;
}

export interface TrialPage {
  trials: Trial[];
  next_page_token: string;
  seq: number;
  total_size: number; // on all pages
}

// The values of all trials that ended, thinned out by the server where they are many.
export interface History {
  seq: number;
  objective: string;
  goal: Goal;
  trials: number; // of the study, whatever their state
  improvements: [trial: number, value: number][]; // each trial that was the best so far
  completed: [trial: number, value: number][];
  pruned: [trial: number, value: number][];
  lost: number[]; // ended without a value
}

// Trials with a value, column by column; where they are many, the best of them and an even choice of the others.
export interface Sample {
  seq: number;
  objective: string;
  valued: number; // trials with a value
  chosen: number; // among the best `top` per cent of them
  distribution: number[]; // values in even steps from the best to the worst of all
  optimal: number[]; // the Pareto set of several objectives, by id
  hypervolume: { volume: number; reference: Record<string, number> } | null;
  trials: number[];
  states: TrialState[];
  feasible: boolean[]; // whether all constraints hold
  values: Record<string, (number | null)[]>;
  params: Record<string, (ParamValue | null)[]>;
}

interface EventBase {
  seq: number;
  time?: string;
}
export type StudyEvent =
  | (EventBase & { type: 'STUDY_CREATED'; study: Study })
  | (EventBase & { type: 'STUDY_UPDATED'; study: Study })
  | (EventBase & { type: 'STUDY_STATE_CHANGED'; state: StudyState; state_reason: string; active_ms?: number })
  | (EventBase & { type: 'TRIAL_CREATED' | 'TRIAL_STATE_CHANGED'; trial: Trial })
  | (EventBase & { type: 'TRIAL_REPORTED'; trial_id: number; step: number; metrics: Metrics });
export type StudyEventType = StudyEvent['type'];
export const studyEventTypes: readonly StudyEventType[] = [
  'STUDY_CREATED',
  'STUDY_UPDATED',
  'STUDY_STATE_CHANGED',
  'TRIAL_CREATED',
  'TRIAL_STATE_CHANGED',
  'TRIAL_REPORTED',
];

// What the server says of a study's Gaussian process. Its numbers are finite.
export interface Belief {
  mean: number;
  sd: number;
  ei: number;
}

interface BeliefColumns {
  mean: number[];
  sd: number[];
  ei: number[];
}

export interface SlicePoint {
  trial: number;
  at: ParamValue;
  nearness: number; // 1: on the line
  value?: number; // of observed ones
}

export interface Slice extends BeliefColumns {
  parameter: string;
  values: ParamValue[];
  observed: SlicePoint[];
  pending: SlicePoint[];
}

interface Through {
  fit: number;
  incumbent: { trial: number; mean: number };
  through: Belief & { trial: number | null; params: Params };
}

export interface Slices extends Through {
  slices: Slice[];
}

export interface Contour extends Through, BeliefColumns {
  x: { parameter: string; values: ParamValue[] };
  y: { parameter: string; values: ParamValue[] };
}

export interface LeftOut {
  trial: number;
  value: number;
  mean: number;
  sd: number;
  low: number; // two standard deviations below and above
  high: number;
  z: number;
}

export interface Trust {
  fit: number;
  finished: number;
  observations: number;
  within_1_sd: number;
  within_2_sd: number;
  rmse: number;
  noise_sd: number;
  warp: 'none' | 'log_above_median';
  jitter_level: number;
  lengthscales: { parameter: string; lengthscale: number; main_lengthscale: number | null }[];
  leave_one_out: LeftOut[];
}

export interface Importance {
  fit: number;
  parameters: { parameter: string; first_order: number; total: number }[];
}

export interface Reason {
  fit: number;
  trial: number;
  suggestion: Suggestion;
  best_before: { trial: number; value: number } | null;
  exploitation: number | null; // the share of the expected improvement that the mean alone brings
  now: Belief;
  nearest: { trial: number; nearness: number; value: number; params: Params }[];
}

export interface Curves {
  metric: string;
  metrics: string[];
  axis: 'step' | 'epoch';
  curves: { trial: number; state: TrialState; reason: string; points: [step: number, value: number][] }[];
  // What the study's rule of early stopping holds trials against; null: it has none, or looks at another metric.
  limits: { rule: string; lines: { bracket: number; points: [step: number, value: number][] }[] } | null;
}

export interface NextSuggestion {
  id: number;
  params: Params;
  suggestion: Suggestion;
  new_fit: boolean;
}

// What a process of a training has done; each role has figures of its own.
export interface ClusterProcess {
  role: 'coordinator' | 'worker' | 'shard';
  index?: number;
  pid: number;
  clock?: number; // minibatches
  pushes?: number;
  pulls?: number;
  pushes_per_second?: number;
  pulls_per_second?: number;
  compute_seconds?: number;
  wait_seconds?: number;
  evaluate_seconds?: number;
  staleness_mean?: number; // minibatches that readers were ahead of the slowest worker
  staleness_max?: number;
  socket_bytes?: number;
  memory_bytes?: number; // through shared memory
}

export interface Cluster {
  attempt: number;
  live: boolean;
  updated_at: string | null;
  mode?: string;
  staleness?: number; // the most that the job allows
  elapsed_seconds?: number;
  processes: ClusterProcess[];
}
