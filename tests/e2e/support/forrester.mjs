// The function of Forrester, Sóbester and Keane (2008) as a study for workers outside, and a worker that runs it.
export const forrester = (x) => (6 * x - 2) ** 2 * Math.sin(12 * x - 4);

export const forresterStudy = (name, trials) => ({
  name,
  metric: { name: 'f', goal: 'minimize' },
  method: 'gp',
  seed: 7,
  parameters: { x: { type: 'float', min: 0, max: 1 } },
  budget: { max_trials: trials },
});

// Runs `count` trials, one after the other. `value` of a point's parameters.
export async function work(service, study, count, value = ({ x }) => forrester(x)) {
  for (let i = 0; i < count; i += 1) {
    const asked = { count: 1, client_id: 'worker', timeout_ms: 20_000 };
    const { trials } = await service.call(`/studies/${study}/trials:suggest`, asked);
    const [{ id, params, attempt }] = trials;
    const result = { token: attempt.token, value: value(params) };
    await service.call(`/studies/${study}/trials/${id}:complete`, result);
  }
}
