// Studies that look real, the same on each run: a small generator with a seed stands in for the optimizer and the
// trainer.

export function generator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

export const digits = (name, maxTrials) => ({
  name,
  metric: { name: 'accuracy', goal: 'maximize', reduce: 'last', target: 0.99 },
  method: 'gp',
  seed: 7,
  parameters: {
    learning_rate: { type: 'float', min: 1e-4, max: 1, scale: 'log' },
    hidden: { type: 'int', min: 16, max: 256, scale: 'log' },
    batch_size: { type: 'ordinal', values: [16, 32, 64, 128] },
    optimizer: { type: 'categorical', values: ['sgd', 'momentum', 'adagrad', 'adam'] },
    momentum: { type: 'float', min: 0, max: 0.99, when: { optimizer: 'momentum' } },
    mode: { type: 'categorical', values: ['bsp', 'ssp', 'asp'] },
  },
  budget: { max_trials: maxTrials, parallel: 2 },
});

export const manyParameters = (count) => ({
  name: `a study with ${count} parameters whose name goes on and on, because somebody put the whole configuration into it`,
  metric: { name: 'validation_loss_of_the_exponential_moving_average', goal: 'minimize' },
  method: 'gp',
  parameters: Object.fromEntries(
    Array.from({ length: count }, (_, i) => [
      `layer_${i}.attention.dropout_probability`,
      { type: 'float', min: 0, max: 1 },
    ]),
  ),
  budget: { max_trials: 100, parallel: 4 },
});

function suggest(random, spec, progress) {
  const params = {};
  for (const [name, parameter] of Object.entries(spec.parameters)) {
    if (parameter.when && params.optimizer !== parameter.when.optimizer) continue;
    const u = random();
    if (parameter.values) params[name] = parameter.values[Math.floor(u * parameter.values.length)];
    else if (parameter.scale === 'log')
      params[name] = parameter.min * (parameter.max / parameter.min) ** (u * (1 - 0.4 * progress) + 0.2 * progress);
    else params[name] = parameter.min + u * (parameter.max - parameter.min);
    if (parameter.type === 'int') params[name] = Math.round(params[name]);
  }
  return params;
}

function outcome(random, spec, params, progress) {
  if (spec.metric.goal === 'minimize') return 0.2 + 2 * random() ** 2 * (1.2 - progress);
  const rate = Math.log10(params.learning_rate ?? 0.01);
  const fit = Math.exp(-(((rate + 2) / 1.6) ** 2)) * (1 - 0.3 / Math.log2(params.hidden ?? 32));
  return Math.min(
    0.995,
    Math.max(0.1, 0.3 + 0.68 * fit + 0.05 * (random() - 0.5) * (1.3 - progress) + 0.03 * progress),
  );
}

// One trial, as a function for each moment of its life: {start, steps: […], end}.
export function planTrial(study, random, { epochs = 10 } = {}) {
  const { spec } = study.value;
  const progress = Math.min(1, study.trials.length / (spec.budget.max_trials || 40));
  const params = suggest(random, spec, progress);
  const value = outcome(random, spec, params, progress);
  const gp = study.trials.length >= 8;
  const suggestion = gp
    ? { method: 'gp', mean: value - 0.02 + 0.04 * random(), sd: 0.01 + 0.02 * random(), log_ei: -4 }
    : { method: 'sobol' };
  const metric = spec.metric.name;
  let id = 0;
  const at = (step) => {
    const share = 1 - Math.exp(-3.5 * (step / epochs));
    const metrics = { train_loss: 2.3 * Math.exp(-2.5 * value * (step / epochs)) + 0.02 * random() };
    metrics[metric] =
      spec.metric.goal === 'minimize' ? value + (1 - share) * 1.5 : value * share + 0.01 * (random() - 0.5);
    return metrics;
  };
  return {
    start: () => (id = study.createTrial(params, { suggestion })),
    steps: Array.from({ length: epochs }, (_, i) => () => study.report(id, i + 1, at(i + 1))),
    end: () => {
      const luck = random();
      if (luck < 0.05)
        return study.end(id, 'FAILED', null, 'worker 1 ended with status 1: loss is not finite at step 240');
      if (luck < 0.14 && gp) return study.end(id, 'PRUNED', value - 0.15);
      return study.end(id, 'COMPLETED', value);
    },
  };
}

// `count` trials at once, spread over the time before now.
export function fill(study, seed, count, options = {}) {
  const random = generator(seed);
  const start = Date.now() - count * 9_000;
  study.value.created_at = new Date(start).toISOString();
  for (let i = 0; i < count; i += 1) {
    const plan = planTrial(study, random, options);
    const id = plan.start();
    const trial = study.trials[id - 1];
    const begun = start + i * 9_000;
    const ended = new Date(begun + 9_000 + 12_000 * random()).toISOString();
    Object.assign(trial, { created_at: new Date(begun).toISOString(), ended_at: ended });
    trial.attempts[0].started_at = trial.created_at;
    for (const step of plan.steps) step();
    plan.end();
  }
  return random;
}
