// The only module that sends requests. Every call has a deadline; a failure is an ApiError with the server's own words.
import { signal } from '@preact/signals';
import { decodeStudy, decodeTrial, decodeTrialWithRecords } from './decode';
import type {
  Budget,
  Cluster,
  Contour,
  Curves,
  History,
  Importance,
  NextSuggestion,
  Params,
  Reason,
  Sample,
  Slices,
  Spec,
  Study,
  StudyEvent,
  StudyPage,
  Trial,
  TrialPage,
  TrialWithRecords,
  Trust,
} from './types';

const root = '/api/v1';
const deadlineMs = 20_000;
const studiesPerPage = 200;

// Whether the server wants a token from this browser first.
export const signedOut = signal(false);

export class ApiError extends Error {
  constructor(
    message: string,
    readonly status: number, // 0: the server could not be reached
    readonly code: string,
  ) {
    super(message);
  }
}

interface Problem {
  title?: string;
  detail?: string;
  code?: string;
  errors?: { field: string; message: string }[];
}

export function problemMessage(status: number, problem: Problem): string {
  const faults = (problem.errors ?? []).map((e) => (e.field ? `${e.field}: ${e.message}` : e.message));
  const head = problem.detail || problem.title || `The server answered ${status}`;
  return [head, ...faults.filter((fault) => fault !== head)].join('\n');
}

// A report has no server: its answers stand in the page, by their paths without queries.
let recorded: Readonly<Record<string, unknown>> | null = null;

export function answerFrom(answers: Readonly<Record<string, unknown>>): void {
  recorded = answers;
}

function recall<T>(answers: Readonly<Record<string, unknown>>, path: string): T {
  const found = answers[path.split('?')[0] as string];
  if (found === undefined) throw new ApiError('This is not part of the report.', 404, 'not_found');
  return found as T;
}

interface Asked {
  abort?: AbortSignal | undefined;
  input?: object | undefined;
  headers?: Record<string, string>;
}

// What `read` makes of a good answer.
async function send<T>(
  method: string,
  path: string,
  { abort, input, headers }: Asked,
  read: (response: Response) => Promise<T>,
): Promise<T> {
  const deadline = AbortSignal.timeout(deadlineMs);
  const either = abort ? AbortSignal.any([abort, deadline]) : deadline;
  try {
    const said: Record<string, string> = { Accept: 'application/json', ...headers };
    if (input) said['Content-Type'] = 'application/json';
    const body = input ? JSON.stringify(input) : null;
    const response = await fetch(root + path, { method, headers: said, body, signal: either });
    if (response.ok) return await read(response);
    if (response.status === 401) signedOut.value = true;
    const problem = (await response.json().catch(() => ({}))) as Problem;
    throw new ApiError(problemMessage(response.status, problem), response.status, problem.code ?? '');
  } catch (error) {
    if (error instanceof ApiError || abort?.aborted) throw error;
    if (deadline.aborted) throw new ApiError('The server did not answer in time.', 0, 'timeout');
    throw new ApiError('The server cannot be reached.', 0, 'unavailable');
  }
}

async function call<T>(method: string, path: string, abort?: AbortSignal, input?: object): Promise<T> {
  if (recorded !== null) return recall(recorded, path);
  return send(method, path, { abort, input }, async (response) =>
    response.status === 204 ? (undefined as T) : ((await response.json()) as T),
  );
}

const segment = encodeURIComponent;

export const studyPath = (id: string): string => `/studies/${segment(id)}`;

export async function listStudies(pageToken: string, signal?: AbortSignal): Promise<StudyPage> {
  const query = `page_size=${studiesPerPage}&page_token=${segment(pageToken)}`;
  const page = await call<StudyPage>('GET', `/studies?${query}`, signal);
  return { studies: page.studies.map(decodeStudy), next_page_token: page.next_page_token ?? '' };
}

export async function getStudy(id: string, signal?: AbortSignal): Promise<Study> {
  return decodeStudy(await call<Study>('GET', studyPath(id), signal));
}

export interface TrialQuery {
  filter: string;
  order: string; // a field, perhaps with ` desc` behind
  size: number;
  at: { offset: number } | { token: string };
}

// The server filters and sorts: an ApiError says what of the filter it does not understand.
export async function listTrials(id: string, wanted: TrialQuery, signal?: AbortSignal): Promise<TrialPage> {
  const { filter, order, size, at } = wanted;
  const place = 'token' in at ? `page_token=${segment(at.token)}` : `offset=${at.offset}`;
  const query = `page_size=${size}&order_by=${segment(order)}&filter=${segment(filter)}&${place}`;
  const page = await call<TrialPage>('GET', `${studyPath(id)}/trials?${query}`, signal);
  return { ...page, trials: page.trials.map(decodeTrial) };
}

export const mostTrialsAtOnce = 1000;

// Of that objective; empty: of the first.
export const getHistory = (id: string, objective: string, signal?: AbortSignal): Promise<History> =>
  call('GET', `${studyPath(id)}/history?objective=${segment(objective)}`, signal);

// The trials that nothing found so far beats.
export async function listOptimal(id: string, signal?: AbortSignal): Promise<Trial[]> {
  const { trials } = await call<{ trials: Trial[] }>('GET', `${studyPath(id)}/trials:optimal`, signal);
  return trials.map(decodeTrial);
}

export const getSample = (
  id: string,
  { top, limit, objective }: { top: number; limit: number; objective: string },
  signal?: AbortSignal,
): Promise<Sample> =>
  call('GET', `${studyPath(id)}/trials:sample?top=${top}&limit=${limit}&objective=${segment(objective)}`, signal);

export interface Polled {
  study: Study | null; // null: it is gone
  events: StudyEvent[];
  reset: boolean; // what happened after the number is gone
}

// Events by number, as the server wrote them: for who has no stream.
export async function pollEvents(id: string, after: number): Promise<Polled> {
  try {
    const events: StudyEvent[] = [];
    for (let seq = after; ;) {
      const page = await call<{ events: StudyEvent[]; seq: number; reset: boolean }>(
        'GET',
        `${studyPath(id)}/events?after=${seq}`,
      );
      events.push(...page.events);
      seq = page.events.at(-1)?.seq ?? seq;
      if (page.reset || seq >= page.seq)
        return { study: await call<Study>('GET', studyPath(id)), events, reset: page.reset };
    }
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return { study: null, events: [], reset: false };
    throw error;
  }
}

export async function getTrial(study: string, trial: number, signal?: AbortSignal): Promise<TrialWithRecords> {
  return decodeTrialWithRecords(await call<TrialWithRecords>('GET', `${studyPath(study)}/trials/${trial}`, signal));
}

const trialPath = (study: string, trial: number): string => `${studyPath(study)}/trials/${trial}`;

// The same point again, as a new trial.
export async function retryTrial(study: string, trial: number): Promise<Trial> {
  return decodeTrial(await call<Trial>('POST', `${trialPath(study, trial)}:retry`));
}

// It keeps what it has reached.
export async function stopTrial(study: string, trial: number): Promise<Trial> {
  return decodeTrial(await call<Trial>('POST', `${trialPath(study, trial)}:stop`));
}

export interface LogPart {
  bytes: Uint8Array;
  offset: number; // of its first byte in the log
  size: number; // of the log now
}

const logPath = (study: string, trial: number, attempt: number): string =>
  `${trialPath(study, trial)}/attempts/${attempt}/logs`;

// The last bytes of what an attempt has printed, from the beginning of a line; or what follows after `offset`.
export const readLog = (
  study: string,
  trial: number,
  attempt: number,
  from: { tail: number } | { offset: number },
  abort?: AbortSignal,
): Promise<LogPart> => {
  const query = 'tail' in from ? `tail=${from.tail}` : `offset=${from.offset}`;
  const asked = { abort, headers: { Accept: 'text/plain' } };
  return send('GET', `${logPath(study, trial, attempt)}?${query}`, asked, async (response) => ({
    bytes: new Uint8Array(await response.arrayBuffer()),
    offset: Number(response.headers.get('X-Log-Offset') ?? 0),
    size: Number(response.headers.get('X-Log-Size') ?? 0),
  }));
};

const wholeLog = 1 << 20; // more is never kept
export const logUrl = (study: string, trial: number, attempt: number): string =>
  `${root}${logPath(study, trial, attempt)}?tail=${wholeLog}`;

// Of the latest attempt; an ApiError where there are no processes of the built-in trainer to look at.
export const getCluster = (study: string, trial: number, abort?: AbortSignal): Promise<Cluster> =>
  call('GET', `${trialPath(study, trial)}/cluster`, abort);

// Whether the trained model of a trial is kept.
export const hasModel = (study: string, trial: number, abort?: AbortSignal): Promise<boolean> =>
  send('HEAD', `${trialPath(study, trial)}/model`, { abort, headers: { Accept: '*/*' } }, async () => true).catch(
    (error: unknown) => {
      if (error instanceof ApiError && error.status === 404) return false;
      throw error;
    },
  );

export const modelUrl = (study: string, trial: number): string => `${root}${trialPath(study, trial)}/model`;

// A study with the tag of its file: what a change is made from.
export interface TaggedStudy {
  study: Study;
  tag: string;
}

const tagged = async (response: Response): Promise<TaggedStudy> => ({
  study: decodeStudy((await response.json()) as Study),
  tag: response.headers.get('ETag') ?? '',
});

export const readTagged = (id: string): Promise<TaggedStudy> => send('GET', studyPath(id), {}, tagged);

// ApiError of status 412: the study file is another by now.
export const changeBudget = (id: string, budget: Budget, tag: string): Promise<TaggedStudy> =>
  send('PATCH', studyPath(id), { input: { budget }, headers: { 'If-Match': tag } }, tagged);

export type StudyAction = 'pause' | 'resume' | 'stop';

export async function actOnStudy(id: string, action: StudyAction): Promise<Study> {
  return decodeStudy(await call<Study>('POST', `${studyPath(id)}:${action}`));
}

export interface Session {
  name: string;
  role: string;
}

export const getSession = (): Promise<Session> => call<Session>('GET', '/session');

export async function signIn(token: string): Promise<void> {
  await call<Session>('POST', '/session', undefined, { token });
  signedOut.value = false;
}

export async function signOut(): Promise<void> {
  await call<void>('DELETE', '/session');
  signedOut.value = true;
}

export interface CheckedFile {
  spec: Spec;
  notes: string[];
}

// A study file in YAML or JSON; an ApiError names every fault.
export const checkStudyFile = (text: string, abort?: AbortSignal): Promise<CheckedFile> =>
  call('POST', '/study-files:check', abort, { text });

export async function createStudy(spec: Spec): Promise<Study> {
  return decodeStudy(await call<Study>('POST', '/studies', undefined, spec));
}

export async function cloneStudy(id: string, changes: { name: string; warm_start: boolean }): Promise<Study> {
  return decodeStudy(await call<Study>('POST', `${studyPath(id)}:clone`, undefined, changes));
}

export const deleteStudy = (id: string): Promise<void> => call('DELETE', studyPath(id));

export const getCurves = (study: string, metric: string, abort?: AbortSignal): Promise<Curves> =>
  call('GET', `${studyPath(study)}/curves?metric=${segment(metric)}`, abort);

// A point to be tried next.
export async function enqueue(study: string, params: Params): Promise<Trial> {
  return decodeTrial(await call<Trial>('POST', `${studyPath(study)}/trials`, undefined, { params }));
}

// A point that is not to be tried: it is not suggested, now or later.
export async function veto(study: string, params: Params, reason: string): Promise<Trial> {
  const point = { params, state: 'CANCELLED', reason };
  return decodeTrial(await call<Trial>('POST', `${studyPath(study)}/trials`, undefined, point));
}

// The point that a slice or a plane goes through; null: the best one.
export type Through = { trial: number } | { params: Params } | null;

function throughQuery(through: Through): string {
  if (through === null) return '';
  return 'trial' in through ? `&trial=${through.trial}` : `&params=${segment(JSON.stringify(through.params))}`;
}

const busyTries = 5;
const busyPauseMs = 700;
let lastOfModel: Promise<unknown> = Promise.resolve();

// What the server computes of a study's model, one after the other: it has few places for them, and says so.
async function askModel<T>(study: string, what: string, abort?: AbortSignal): Promise<T> {
  const before = lastOfModel;
  const answer = (async () => {
    await before.catch(() => undefined);
    for (let tries = 1; ; tries += 1) {
      try {
        return await call<T>('GET', `${studyPath(study)}/surrogate:${what}`, abort);
      } catch (error) {
        const busy = error instanceof ApiError && error.status === 503 && tries < busyTries;
        if (!busy) throw error;
        await new Promise((resolve) => setTimeout(resolve, busyPauseMs * tries));
      }
    }
  })();
  lastOfModel = answer;
  return answer;
}

export const getSlices = (study: string, through: Through, points: number, abort?: AbortSignal): Promise<Slices> =>
  askModel(study, `slice?points=${points}${throughQuery(through)}`, abort);

export const getContour = (
  study: string,
  [x, y]: readonly [string, string],
  through: Through,
  abort?: AbortSignal,
): Promise<Contour> => askModel(study, `contour?x=${segment(x)}&y=${segment(y)}${throughQuery(through)}`, abort);

export const getTrust = (study: string, abort?: AbortSignal): Promise<Trust> => askModel(study, 'trust', abort);

export const getImportance = (study: string, abort?: AbortSignal): Promise<Importance> =>
  askModel(study, 'importance', abort);

export const getReason = (study: string, trial: number, abort?: AbortSignal): Promise<Reason> =>
  askModel(study, `reason?trial=${trial}`, abort);

export const getNext = (study: string, abort?: AbortSignal): Promise<NextSuggestion> => askModel(study, 'next', abort);
