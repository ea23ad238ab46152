// The API of docs/rest.md over studies in memory, and the bundle, with the strict content security policy that the
// dashboard must live with. What happens to the studies, a test or a scenario decides.
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
    const sign = this.value.spec.metric.goal === 'minimize' ? -1 : 1;
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

function json(response, status, body) {
  const type = status < 400 ? 'application/json' : 'application/problem+json';
  response.writeHead(status, { 'Content-Type': type, 'Cache-Control': 'no-store' });
  response.end(JSON.stringify(body));
}

const problem = (response, status, code, detail) =>
  json(response, status, { type: 'about:blank', title: code, status, code, detail, errors: [], request_id: 'mock' });

const hasValue = ({ state, value }) => typeof value === 'number' && (state === 'COMPLETED' || state === 'PRUNED');
const signOf = (study) => (study.value.spec.metric.goal === 'minimize' ? 1 : -1);
const ended = ['COMPLETED', 'PRUNED', 'FAILED', 'INFEASIBLE'];

function historyOf(study) {
  const { metric } = study.value.spec;
  const points = (state) =>
    study.trials.filter((t) => t.state === state && hasValue(t)).map(({ id, value }) => [id, value]);
  const improvements = [];
  for (const [id, value] of points('COMPLETED'))
    if (improvements.length === 0 || signOf(study) * (value - improvements.at(-1)[1]) < 0)
      improvements.push([id, value]);
  return {
    seq: study.value.seq,
    objective: metric.name,
    goal: metric.goal,
    trials: study.trials.length,
    improvements,
    completed: points('COMPLETED'),
    pruned: points('PRUNED'),
    lost: study.trials.filter((t) => ended.includes(t.state) && !hasValue(t)).map(({ id }) => id),
  };
}

function sampleOf(study, top) {
  const { metric } = study.value.spec;
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
  const metric = study.value.spec.metric.name;
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
  const { parameters, metric } = study.value.spec;
  if (name in parameters) return ({ params }) => params[name];
  if (name === 'value' || name === metric.name) return ({ value }) => value;
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

export class MockServer {
  constructor(dist) {
    this.dist = dist;
    this.studies = new Map();
    this.listeners = new Set(); // {stream, others, followed: ids}
    this.requests = [];
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
    if (url.pathname === '/api/v1/session') return json(response, 200, { name: 'anonymous', role: 'admin' });
    if (url.pathname === '/api/v1/studies')
      return this.listPage(url, [...this.studies.values()].map((s) => s.value).reverse(), 'studies', response);
    const study = this.studies.get(decodeURIComponent(id ?? ''));
    if (!study) return problem(response, 404, 'not_found', 'there is no such study');
    if (request.method === 'POST') return this.act(study, action, response);
    if (rest === undefined) return json(response, 200, study.value);
    if (rest === 'trials') return this.listTrials(url, study, response);
    if (rest === 'trials:sample') return json(response, 200, sampleOf(study, Number(url.searchParams.get('top'))));
    if (rest === 'history') return json(response, 200, historyOf(study));
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
