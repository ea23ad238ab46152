// The API of docs/rest.md over studies in memory, and the bundle, with the strict content security policy that the
// dashboard must live with. What happens to the studies, a test or a scenario decides.
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { extname, join, normalize } from 'node:path';

export const contentSecurityPolicy =
  "default-src 'self'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; " +
  "object-src 'none'; frame-ancestors 'none'";

const contentTypes = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

const wireNumber = (x) => (typeof x === 'number' && !Number.isFinite(x) ? String(x) : x);
const wireMetrics = (metrics) => Object.fromEntries(Object.entries(metrics).map(([name, x]) => [name, wireNumber(x)]));

class MockStudy {
  constructor(server, id, spec, createdAt) {
    this.server = server;
    this.events = [];
    this.compactedUpTo = 0;
    this.records = new Map();
    this.logs = new Map(); // of attempts, by "TRIAL/ATTEMPT"
    this.clusters = new Map(); // what the processes of a trial do
    this.trials = [];
    this.value = {
      id,
      name: spec.name,
      state: 'ACTIVE',
      state_reason: '',
      spec,
      best: null,
      improvements: [],
      trial_counts: {},
      seq: 0,
      created_at: createdAt,
      ended_at: null,
    };
    this.publish('STUDY_CREATED', { study: { ...this.value } });
  }

  publish(type, members) {
    this.value.seq += 1;
    const event = { seq: this.value.seq, type, time: new Date().toISOString(), ...structuredClone(members) };
    this.events.push(event);
    for (const { stream, followed } of this.server.listeners)
      if (followed.has(this.value.id)) send(stream, 'study_event', { study: this.value.id, event });
    const { spec, ...value } = this.value;
    this.server.tellAll('study', value);
  }

  setState(state, reason = '') {
    Object.assign(this.value, { state, state_reason: reason });
    if (['COMPLETED', 'STOPPED', 'FAILED'].includes(state)) this.value.ended_at = new Date().toISOString();
    this.publish('STUDY_STATE_CHANGED', { state, state_reason: reason });
  }

  createTrial(params, more = {}) {
    const trial = {
      id: this.trials.length + 1,
      state: 'RUNNING',
      reason: '',
      params,
      value: null,
      suggestion: { method: 'random' },
      attempts: [
        { id: 1, state: 'RUNNING', worker: 'local', reason: '', started_at: new Date().toISOString(), ended_at: null },
      ],
      created_at: new Date().toISOString(),
      ended_at: null,
      ...more,
    };
    this.trials.push(trial);
    this.records.set(trial.id, []);
    this.summarize();
    this.publish('TRIAL_CREATED', { trial });
    return trial.id;
  }

  // Another attempt at a trial whose last one ends so.
  tryAgain(id, state, reason = '') {
    const trial = this.trials[id - 1];
    const now = new Date().toISOString();
    Object.assign(trial.attempts.at(-1), { state, reason, ended_at: now });
    const { worker } = trial.attempts[0];
    trial.attempts.push({
      id: trial.attempts.length + 1,
      state: 'RUNNING',
      worker,
      reason: '',
      started_at: now,
      ended_at: null,
    });
    this.publish('TRIAL_STATE_CHANGED', { trial });
  }

  print(trial, attempt, text) {
    const key = `${trial}/${attempt}`;
    this.logs.set(key, Buffer.concat([this.logs.get(key) ?? Buffer.alloc(0), Buffer.from(text)]));
  }

  // As the service's: it names the study file.
  tag() {
    return `"${createHash('sha256')
      .update(JSON.stringify([this.value.name, this.value.spec]))
      .digest('hex')
      .slice(0, 16)}"`;
  }

  changeBudget(budget) {
    const changed = { ...this.value.spec.budget, ...budget };
    const kept = Object.fromEntries(Object.entries(changed).filter(([, limit]) => limit !== null));
    this.value.spec = { ...this.value.spec, budget: kept };
    this.publish('STUDY_UPDATED', { study: this.value });
  }

  report(trial_id, step, metrics) {
    const record = { step, metrics: wireMetrics(metrics) };
    this.records.get(trial_id).push(record);
    this.publish('TRIAL_REPORTED', { trial_id, ...record });
  }

  end(id, state, value = null, reason = '') {
    const trial = this.trials[id - 1];
    const now = new Date().toISOString();
    Object.assign(trial, { state, value: wireNumber(value), reason, ended_at: trial.ended_at ?? now });
    Object.assign(trial.attempts.at(-1), {
      state: state === 'FAILED' ? 'FAILED' : 'SUCCEEDED',
      ended_at: trial.ended_at,
      reason,
    });
    this.summarize();
    this.publish('TRIAL_STATE_CHANGED', { trial });
  }

  summarize() {
    const counts = {};
    for (const { state } of this.trials) counts[state] = (counts[state] ?? 0) + 1;
    const sign = -signOf(this);
    const completed = this.trials.filter((t) => t.state === 'COMPLETED' && typeof t.value === 'number');
    const best = completed.reduce((a, b) => (a && sign * a.value >= sign * b.value ? a : b), null);
    Object.assign(this.value, {
      improvements: historyOf(this).improvements,
      trial_counts: counts,
      best: best && { trial: best.id, value: best.value, params: best.params },
    });
  }

  // Forgets the history, so that whoever is behind gets a reset.
  compact() {
    this.compactedUpTo = this.value.seq;
    this.events = [];
  }

  // What happened after that number; null: it is forgotten.
  after(seq) {
    return seq < this.compactedUpTo ? null : this.events.filter((event) => event.seq > seq);
  }
}

function send(stream, type, data, id) {
  stream.write(`${id === undefined ? '' : `id: ${id}\n`}event: ${type}\ndata: ${JSON.stringify(data)}\n\n`);
}

function openStream(response) {
  response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
  response.write(': open\n\n');
  return response;
}

function json(response, status, body, headers = {}) {
  const type = status < 400 ? 'application/json' : 'application/problem+json';
  response.writeHead(status, { 'Content-Type': type, 'Cache-Control': 'no-store', ...headers });
  response.end(JSON.stringify(body));
}

const problem = (response, status, code, detail) =>
  json(response, status, { type: 'about:blank', title: code, status, code, detail, errors: [], request_id: 'mock' });

const hasValue = ({ state, value }) => typeof value === 'number' && (state === 'COMPLETED' || state === 'PRUNED');
const firstOf = ({ value: { spec } }) => spec.metric ?? spec.objectives[0];
const signOf = (study) => (firstOf(study).goal === 'minimize' ? 1 : -1);
const ended = ['COMPLETED', 'PRUNED', 'FAILED', 'INFEASIBLE'];

function historyOf(study, wanted) {
  const { metric, objectives = [metric] } = study.value.spec;
  const objective = objectives.find(({ name }) => name === wanted) ?? objectives[0];
  const valueOf = (trial) => trial.values?.[objective.name] ?? trial.value;
  const isFeasible = ({ constraints = {} }) => Object.values(constraints).every(({ feasible }) => feasible);
  const sign = objective.goal === 'minimize' ? 1 : -1;
  const of = (state) => study.trials.filter((t) => t.state === state && typeof valueOf(t) === 'number');
  const point = (trial) => [trial.id, valueOf(trial)];
  const improvements = [];
  for (const [id, value] of of('COMPLETED').filter(isFeasible).map(point))
    if (improvements.length === 0 || sign * (value - improvements.at(-1)[1]) < 0) improvements.push([id, value]);
  return {
    seq: study.value.seq,
    objective: objective.name,
    goal: objective.goal,
    trials: study.trials.length,
    improvements,
    completed: of('COMPLETED').map(point),
    pruned: of('PRUNED').map(point),
    lost: study.trials.filter((t) => ended.includes(t.state) && typeof valueOf(t) !== 'number').map(({ id }) => id),
  };
}

function sampleOf(study, top) {
  const metric = firstOf(study);
  const valued = study.trials.filter(hasValue).sort((a, b) => signOf(study) * (a.value - b.value));
  const rows = valued.slice(0, Math.max(1, Math.ceil((valued.length * top) / 100))).sort((a, b) => a.id - b.id);
  const names = [...new Set(rows.flatMap(({ params }) => Object.keys(params)))];
  const column = (cell) => rows.map((row) => cell(row) ?? null);
  return {
    seq: study.value.seq,
    objective: metric.name,
    valued: valued.length,
    chosen: rows.length,
    distribution: valued.map(({ value }) => value),
    optimal: [],
    hypervolume: null,
    trials: column(({ id }) => id),
    states: column(({ state }) => state),
    feasible: column(() => true),
    values: rows.length === 0 ? {} : { [metric.name]: column(({ value }) => value) },
    params: Object.fromEntries(names.map((name) => [name, column(({ params }) => params[name])])),
  };
}

function curvesOf(study) {
  const metric = firstOf(study).name;
  const curves = study.trials.slice(-100).map(({ id, state, reason }) => ({
    trial: id,
    state,
    reason,
    points: study.records.get(id).map(({ step, metrics }) => [step, metrics[metric]]),
  }));
  return { metric, metrics: [metric], axis: 'step', curves, limits: null };
}

// Conditions of the form `name operator value`; a string: what is wrong.
function filtered(study, text) {
  const conditions = [...text.matchAll(/(\S+?)\s*(!=|>|<|=)\s*(\S+)/g)];
  if (text !== '' && conditions.length === 0) return `${text} has no value behind it`;
  const unknown = conditions.find(([, name]) => fieldOf(study, name) === null);
  if (unknown) return `there is no ${unknown[1]}`;
  return study.trials.filter((trial) =>
    conditions.every(([, name, operator, wanted]) => {
      const held = fieldOf(study, name)(trial);
      if (held === undefined || held === null) return false;
      if (operator === '>') return held > Number(wanted);
      if (operator === '<') return held < Number(wanted);
      return (String(held).toLowerCase() === wanted.toLowerCase()) === (operator === '=');
    }),
  );
}

function fieldOf(study, name) {
  const { parameters } = study.value.spec;
  if (name in parameters) return ({ params }) => params[name];
  if (name === 'value' || name === firstOf(study).name) return ({ value }) => value;
  if (name === 'id' || name === 'state') return (trial) => trial[name];
  return null;
}

// Trials without a value are last either way.
function sorted(study, trials, order) {
  const [, name, descending] = /^(.*?)( desc)?$/.exec(order || 'id');
  const field = fieldOf(study, name);
  const missing = (key) => typeof key !== 'number' && typeof key !== 'string';
  return [...trials].sort((first, second) => {
    const [a, b] = [field(first), field(second)];
    if (missing(a) || missing(b)) return Number(missing(a)) - Number(missing(b)) || first.id - second.id;
    return (a < b ? -1 : Number(a > b)) * (descending ? -1 : 1) || first.id - second.id;
  });
}

// What the model says of a trial; its neighbours are those before it.
function reason(study, id, response) {
  const trial = study.trials[id - 1];
  if (!trial) return problem(response, 404, 'not_found', 'there is no such trial');
  const nearest = study.trials
    .slice(Math.max(0, id - 4), id - 1)
    .filter(({ value }) => typeof value === 'number')
    .map((other) => ({ trial: other.id, nearness: 0.5, value: other.value, params: other.params }));
  const { mean = 0, sd = 1 } = trial.suggestion;
  const now = { mean, sd, ei: 0.1 };
  const known = nearest[0] ? { trial: nearest[0].trial, value: nearest[0].value } : null;
  const said = {
    fit: 1,
    trial: id,
    suggestion: trial.suggestion,
    best_before: known,
    exploitation: 0.25,
    now,
    nearest,
  };
  return json(response, 200, said);
}

async function bodyOf(request) {
  let text = '';
  for await (const part of request) text += part;
  return text === '' ? {} : JSON.parse(text);
}

// What no other completed trial that meets the constraints beats.
function optimalOf(study) {
  const objectives = study.value.spec.objectives ?? [];
  const feasible = study.trials.filter(
    ({ state, constraints = {} }) => state === 'COMPLETED' && Object.values(constraints).every((one) => one.feasible),
  );
  const loss = (trial, { name, goal }) => (goal === 'minimize' ? 1 : -1) * trial.values[name];
  const beats = (a, b) =>
    objectives.every((one) => loss(a, one) <= loss(b, one)) && objectives.some((one) => loss(a, one) < loss(b, one));
  return feasible.filter((trial) => !feasible.some((other) => beats(other, trial)));
}

const noFigures = { attempt: 1, live: false, updated_at: null, processes: [] };

const defaultTail = 64 << 10;
const mostOfLog = 1 << 20;

// As docs/rest.md has it: the last bytes from the beginning of a line, or what follows an offset.
function log(study, key, url, response) {
  const all = study.logs.get(key) ?? Buffer.alloc(0);
  const offset = url.searchParams.get('offset');
  const tail = Number(url.searchParams.get('tail') ?? defaultTail);
  let from = offset === null ? Math.max(0, all.length - tail) : Math.min(Number(offset), all.length);
  if (offset === null && from > 0) from = all.indexOf('\n', from - 1) + 1;
  response.writeHead(200, {
    'Content-Type': 'text/plain; charset=utf-8',
    'X-Log-Offset': from,
    'X-Log-Size': all.length,
  });
  response.end(all.subarray(from, from + mostOfLog));
}

export class MockServer {
  constructor(dist) {
    this.dist = dist;
    this.studies = new Map();
    this.listeners = new Set(); // {stream, others, followed: ids}
    this.requests = [];
    this.role = 'admin';
    this.away = false; // refuses every call of the API, as a proxy does whose server is down
    this.full = false; // refuses streams
    this.server = createServer((request, response) => {
      this.serve(request, response).catch((error) => problem(response, 500, 'internal', String(error)));
    });
  }

  async start(port = 0) {
    await new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(port, '127.0.0.1', resolve);
    });
    this.origin = `http://127.0.0.1:${this.server.address().port}`;
    return this;
  }

  async stop() {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  addStudy(id, spec, createdAt = new Date().toISOString()) {
    const study = new MockStudy(this, id, spec, createdAt);
    this.studies.set(id, study);
    return study;
  }

  deleteStudy(id) {
    this.studies.delete(id);
    this.tellAll('study_deleted', { id });
  }

  tellAll(type, data) {
    for (const { stream, others, followed } of this.listeners)
      if (others || followed.has(data.id)) send(stream, type, data);
  }

  // Ends every stream of events; with `away` set the page cannot come back either.
  dropStreams() {
    for (const { stream } of this.listeners) stream.destroy();
  }

  async serve(request, response) {
    const url = new URL(request.url, this.origin);
    this.requests.push(`${request.method} ${url.pathname}${url.search}`);
    response.setHeader('Content-Security-Policy', contentSecurityPolicy);
    response.setHeader('X-Content-Type-Options', 'nosniff');
    if (!url.pathname.startsWith('/api/')) return this.serveFile(url.pathname, response);
    if (this.away) return problem(response, 503, 'unavailable', 'The server is away');
    return this.serveApi(request, url, response);
  }

  async serveFile(path, response) {
    const file = extname(path) === '' ? '/index.html' : normalize(path);
    const content = await readFile(join(this.dist, file)).catch(() => null);
    if (content === null) return problem(response, 404, 'not_found', `no file ${path}`);
    response.writeHead(200, { 'Content-Type': contentTypes[extname(file)] ?? 'application/octet-stream' });
    response.end(content);
  }

  serveApi(request, url, response) {
    const [, id, action, rest] = url.pathname.match(/^\/api\/v1\/studies\/([^/:]+)(?::(\w+))?(?:\/(.*))?$/) ?? [];
    if (url.pathname === '/api/v1/events') {
      if (this.full) return problem(response, 503, 'unavailable', 'too many event streams are open');
      return this.follow(url, openStream(response));
    }
    if (url.pathname === '/api/v1/session') return json(response, 200, { name: 'anonymous', role: this.role });
    if (url.pathname === '/api/v1/studies')
      return this.listPage(url, [...this.studies.values()].map((s) => s.value).reverse(), 'studies', response);
    const study = this.studies.get(decodeURIComponent(id ?? ''));
    if (!study) return problem(response, 404, 'not_found', 'there is no such study');
    if (request.method === 'PATCH') return this.patch(study, request, response);
    const retried = rest?.match(/^trials\/(\d+):retry$/);
    if (retried) return this.retry(study, Number(retried[1]), response);
    const stopped = rest?.match(/^trials\/(\d+):stop$/);
    if (stopped) return this.stopTrial(study, Number(stopped[1]), response);
    if (request.method === 'POST') return this.act(study, action, response);
    if (rest === undefined) return json(response, 200, study.value, { ETag: study.tag() });
    const trained = rest.match(/^trials\/(\d+)\/cluster$/);
    if (trained) return json(response, 200, study.clusters.get(Number(trained[1])) ?? noFigures);
    const printed = rest.match(/^trials\/(\d+)\/attempts\/(\d+)\/logs$/);
    if (printed) return log(study, `${printed[1]}/${printed[2]}`, url, response);
    if (rest === 'trials') return this.listTrials(url, study, response);
    if (rest === 'trials:optimal') return json(response, 200, { trials: optimalOf(study), seq: study.value.seq });
    const kept = rest.match(/^trials\/(\d+)\/model$/);
    if (kept) return this.model(study, Number(kept[1]), response);
    if (rest === 'trials:sample') return json(response, 200, sampleOf(study, Number(url.searchParams.get('top'))));
    if (rest === 'history') return json(response, 200, historyOf(study, url.searchParams.get('objective')));
    if (rest === 'curves') return json(response, 200, curvesOf(study));
    if (rest === 'events') {
      const events = study.after(Number(url.searchParams.get('after')));
      return json(response, 200, { events: events ?? [], seq: study.value.seq, reset: events === null });
    }
    if (rest === 'surrogate:reason') return reason(study, Number(url.searchParams.get('trial')), response);
    if (rest.startsWith('surrogate:')) return problem(response, 409, 'conflict', 'the mock has no model');
    const trial = study.trials[Number(rest.match(/^trials\/(\d+)$/)?.[1]) - 1];
    if (!trial) return problem(response, 404, 'not_found', 'there is no such trial');
    return json(response, 200, { ...trial, records: study.records.get(trial.id) });
  }

  model(study, id, response) {
    if (study.value.best?.trial !== id) return problem(response, 404, 'not_found', 'another trial is better');
    response.writeHead(200, { 'Content-Type': 'application/octet-stream' });
    return response.end('model');
  }

  async patch(study, request, response) {
    const { budget } = await bodyOf(request);
    if (request.headers['if-match'] !== study.tag())
      return problem(response, 412, 'precondition_failed', 'the study has been changed since it was read');
    study.changeBudget(budget);
    return json(response, 200, study.value, { ETag: study.tag() });
  }

  retry(study, id, response) {
    const again = study.createTrial(study.trials[id - 1].params, { state: 'WAITING', attempts: [] });
    return json(response, 201, study.trials[again - 1]);
  }

  stopTrial(study, id, response) {
    const trial = study.trials[id - 1];
    if (trial.ended_at) return problem(response, 409, 'trial_finished', `trial ${id} is ${trial.state}`);
    trial.state = 'STOPPING';
    study.summarize();
    study.publish('TRIAL_STATE_CHANGED', { trial });
    return json(response, 200, trial);
  }

  follow(url, stream) {
    const followed = new Map(url.searchParams.getAll('study').map((text) => text.split(':')));
    const listener = { stream, others: url.searchParams.get('others') === 'true', followed };
    this.listeners.add(listener);
    stream.on('close', () => this.listeners.delete(listener));
    for (const [id, after] of followed) {
      const study = this.studies.get(id);
      const events = study?.after(Number(after));
      if (events === null) send(stream, 'study_reset', { study: id, seq: study.value.seq });
      for (const event of events ?? []) send(stream, 'study_event', { study: id, event });
    }
  }

  listTrials(url, study, response) {
    const query = (name) => url.searchParams.get(name) ?? '';
    const kept = filtered(study, query('filter'));
    if (typeof kept === 'string') return problem(response, 400, 'invalid_argument', kept);
    const trials = sorted(study, kept, query('order_by'));
    const start = Number(query('page_token') || query('offset'));
    const end = start + Number(query('page_size') || 100);
    json(response, 200, {
      trials: trials.slice(start, end),
      next_page_token: end < trials.length ? String(end) : '',
      seq: study.value.seq,
      total_size: trials.length,
    });
  }

  listPage(url, all, name, response, more = {}) {
    const size = Math.min(Number(url.searchParams.get('page_size') || 100), 1000);
    const start = Number(url.searchParams.get('page_token') || 0);
    const next = start + size < all.length ? String(start + size) : '';
    json(response, 200, { [name]: all.slice(start, start + size), next_page_token: next, ...more });
  }

  act(study, action, response) {
    const allowed = { pause: ['ACTIVE'], resume: ['PAUSED'], stop: ['ACTIVE', 'PAUSED'] }[action] ?? [];
    const { state } = study.value;
    if (!allowed.includes(state))
      return problem(response, 409, 'conflict', `a study that is ${state} cannot ${action}`);
    study.setState({ pause: 'PAUSED', resume: 'ACTIVE', stop: 'STOPPED' }[action], action === 'resume' ? '' : 'user');
    return json(response, 200, study.value);
  }
}
