// The dashboard of the real service in a real browser, over studies that the built-in trainer runs:
// node dashboard_test.mjs BIN_DIR.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { findColour, launch, openPage } from '../web/support/browser.mjs';
import { assertAccessible } from '../web/support/accessible.mjs';
import { forresterStudy, work } from './support/forrester.mjs';
import { Service } from './support/serve.mjs';

const options = { timeout: 90_000 };
const binDir = process.argv[2];
let browser;
let service;

before(async () => {
  [browser, service] = await Promise.all([launch(), new Service(binDir).start()]);
}, options);

after(async () => {
  await browser?.close();
  await service?.stop();
}, options);

// A page that is signed in, unless it is `signedOut`. `expected` messages of the console are no faults.
function inBrowser(name, scheme, body, { signedOut = false, ...pageOptions } = {}) {
  test(name, options, async () => {
    const opened = await openPage(browser, service.origin, { scheme, ...pageOptions });
    try {
      if (!signedOut) await service.signIn(opened.page.context());
      await body(opened.page);
      assert.deepEqual(opened.faults, []);
    } finally {
      await opened.close();
    }
  });
}

const text = (locator, expected) => locator.filter({ hasText: expected }).first().waitFor();
const digits = (name, trials, epochs) =>
  service.study('examples/digits.yaml', (study) => {
    study.name = name;
    study.budget.max_trials = trials;
    study.train.epochs = epochs;
    return study;
  });

for (const scheme of ['light', 'dark']) {
  inBrowser(`a study is seen from its first to its last trial without a reload (${scheme})`, scheme, async (page) => {
    await page.goto(service.origin);
    await page.waitForSelector('[data-connection=live]');
    const name = `live-${scheme}`;
    const { id } = await service.call('/studies', digits(name, 8, 10));
    const row = page.locator(`[data-study="${id}"]`);
    await text(row, name);
    await row.locator('a').first().click();
    await page.evaluate(() => (window.krigeSamePage = true));
    await page.locator('.page-head [data-state=COMPLETED]').waitFor({ timeout: 60_000 });
    await text(page.locator('.tiles'), '8 of 8');
    await text(page.locator('.best-value'), '0.9');
    await page.locator('.chart-large canvas').waitFor();
    await page.locator('.data-table a[href$="/trials/1"]').first().click();
    const panel = page.locator('.trial-panel[data-trial="1"]');
    await panel.locator('canvas').first().waitFor();
    await text(panel, 'SUCCEEDED');
    await panel.locator('select').first().selectOption('train_loss');
    assert.equal(await page.evaluate(() => window.krigeSamePage), true, 'the page was loaded anew');
  });
}

inBrowser('a study is paused, resumed and stopped from the page', 'light', async (page) => {
  const { id } = await service.call('/studies', digits('steered', 40, 100_000));
  await page.goto(`${service.origin}/studies/${id}`);
  const heading = page.locator('.page-head');
  await page.getByRole('button', { name: 'Pause' }).click();
  await heading.locator('[data-state=PAUSED]').waitFor();
  await page.getByRole('button', { name: 'Resume' }).click();
  await heading.locator('[data-state=ACTIVE]').waitFor();
  await page.getByRole('button', { name: 'Stop' }).click();
  await page.getByRole('button', { name: 'Stop the study' }).click();
  await heading.locator('[data-state=STOPPED]').waitFor();
  assert.equal((await service.call(`/studies/${id}`)).state_reason, 'user');
});

const unauthorized = /status of 401/;

inBrowser(
  'the page asks for a token, says when it is wrong, and shows everything once it is right',
  'light',
  async (page) => {
    const { id } = await service.call('/studies', digits('signed-in', 1, 1));
    await page.goto(`${service.origin}/studies/${id}`);
    const form = page.locator('form.sign-in');
    await form.getByLabel('Token').fill('krige_wrong');
    await form.getByRole('button', { name: 'Sign in' }).click();
    await text(form.getByRole('alert'), 'not known');
    await form.getByLabel('Token').fill(service.token);
    await form.getByRole('button', { name: 'Sign in' }).click();
    await page.locator('.page-head [data-state=COMPLETED]').waitFor();
    assert.equal(await form.count(), 0);
    assert.equal(await page.evaluate(() => document.cookie), '', 'scripts can read the cookie');
    await page.getByRole('button', { name: 'Sign out' }).click();
    await form.waitFor();
  },
  { expected: unauthorized, signedOut: true },
);

inBrowser(
  'the printed address signs one browser in',
  'light',
  async (page) => {
    await page.goto(service.login);
    await page.waitForSelector('[data-connection=live]');
    await page.context().clearCookies();
    await page.goto(service.login);
    await page.locator('form.sign-in').waitFor();
  },
  { expected: unauthorized, signedOut: true },
);

for (const scheme of ['light', 'dark']) {
  inBrowser(
    `the model of a study explains what it knows and what it would try next (${scheme})`,
    scheme,
    async (page) => {
      const { id } = await service.call('/studies', forresterStudy(`model-${scheme}`, 20));
      await work(service, id, 9);
      await page.goto(`${service.origin}/studies/${id}`);
      await page.getByRole('link', { name: 'Model', exact: true }).click();
      await page.locator('.slice canvas').waitFor();
      // The mean; the expected improvement below it.
      const drawn = scheme === 'light' ? '--accent' : '--good';
      assert.notEqual(await findColour(page, '.slice canvas', drawn), null, drawn);
      await text(page.locator('#trust-title'), 'Can it be trusted?');
      await text(page.locator('.bars').first(), '100 %');

      const next = page.locator('[data-next="10"]');
      await next.waitFor();
      const seen = await service.call(`/studies/${id}/surrogate:next`);
      await next.getByRole('button', { name: 'Look at it or change it' }).click();
      const point = page.locator('.point-panel', { hasText: 'A point of your own' });
      const shown = Number(await point.locator('input').inputValue());
      assert.ok(Math.abs(shown - seen.params.x) < 1e-5, `${shown} is ${seen.params.x}`);

      // Any other point, which is then tried.
      await point.locator('input').fill('0.5');
      await point.locator('input').press('Tab');
      await point.getByRole('button', { name: 'Try this point next' }).click();
      await text(point, 'Trial 10 waits');
      const waiting = await service.call(`/studies/${id}/trials/10`);
      assert.deepEqual([waiting.params.x, waiting.state], [0.5, 'WAITING']);
      await page.locator('[data-next="11"]').waitFor(); // without a reload

      await page.goto(`${service.origin}/studies/${id}/trials/8`);
      await text(page.locator('.why'), 'Expected improvement');
      await page.locator('.why').getByRole('link', { name: 'The model through this point' }).click();
      await text(page.locator('.point-panel'), 'Through trial 8');
    },
  );
}

inBrowser('a suggestion that is vetoed is not made again, and may be tried after all', 'light', async (page) => {
  const { id } = await service.call('/studies', forresterStudy('vetoed', 20));
  await work(service, id, 9);
  const suggested = await service.call(`/studies/${id}/surrogate:next`);
  await page.goto(`${service.origin}/studies/${id}/model`);
  const panel = page.locator('.point-panel', { has: page.locator('#next-title') });
  await page.locator('[data-next="10"]').waitFor();
  await panel.getByRole('textbox', { name: 'Reason of the veto' }).fill('known to be bad');
  await page.keyboard.press('Enter');
  await page.locator('[data-next="11"]').waitFor(); // another one, without a reload
  const vetoed = await service.call(`/studies/${id}/trials/10`);
  assert.deepEqual(
    [vetoed.state, vetoed.reason, vetoed.suggestion.method, vetoed.params.x],
    ['CANCELLED', 'known to be bad', 'vetoed', suggested.params.x],
  );
  const next = await service.call(`/studies/${id}/surrogate:next`);
  assert.ok(Math.abs(next.params.x - suggested.params.x) > 1e-3, `${next.params.x} after ${suggested.params.x}`);
  await panel.getByText('1 point is vetoed').click();
  await text(panel.locator('.vetoed'), 'known to be bad');
  await assertAccessible(page);
  await panel.getByRole('button', { name: 'Try it after all: the point of trial 10' }).click();
  await page.locator('[data-next="12"]').waitFor();
  const again = await service.call(`/studies/${id}/trials/11`);
  assert.deepEqual([again.state, again.params.x], ['WAITING', suggested.params.x]);
});

inBrowser('what the chart shows of the next suggestion is what the panel says', 'dark', async (page) => {
  const { id } = await service.call('/studies', forresterStudy('agreeing', 20));
  await work(service, id, 8);
  const next = await service.call(`/studies/${id}/surrogate:next`);
  const point = encodeURIComponent(JSON.stringify(next.params));
  const { through } = await service.call(`/studies/${id}/surrogate:slice?params=${point}`);
  assert.ok(Math.abs(through.ei / Math.exp(next.suggestion.log_ei) - 1) < 1e-6);
  await page.goto(`${service.origin}/studies/${id}/model`);
  await page.locator('[data-next]').waitFor();
  await page.getByRole('button', { name: 'Pin it' }).click();
  await text(page.locator('.point-panel'), 'Trial 9 waits for this point.');
});

inBrowser('the page of a trial of the built-in trainer, while it runs and when it has ended', 'light', async (page) => {
  const { id } = await service.call('/studies', digits('whole', 2, 20));
  let made = 0;
  while (made === 0) made = (await service.call(`/studies/${id}/trials`)).total_size;
  await page.goto(`${service.origin}/studies/${id}/trials/1/details`);
  await page.locator('.attempts-table [data-state=SUCCEEDED]').waitFor({ timeout: 60_000 });
  for (const metric of ['accuracy', 'train_loss'])
    await page.getByRole('img', { name: new RegExp(`^${metric} over`) }).waitFor();
  await text(page.getByRole('log'), '"step"');
  await assertAccessible(page);
  await page.getByRole('link', { name: '← Overview' }).click();
  await page.getByRole('img', { name: /^2 attempts at 2 trials/ }).waitFor();
  await page.locator('.timeline').focus();
  await assertAccessible(page);
});

inBrowser(
  'the budget is changed on the page, and what somebody else has changed is not overwritten unseen',
  'dark',
  async (page) => {
    const { id } = await service.call('/studies', { ...plane, name: 'budget' });
    await page.goto(`${service.origin}/studies/${id}`);
    await page.getByRole('button', { name: 'Change budget of trials' }).click();
    const field = page.getByRole('textbox', { name: 'Budget of trials' });
    await field.fill('35');
    await page.keyboard.press('Enter');
    await text(page.locator('.tiles'), '0 of 35');
    await page.getByRole('button', { name: 'Change budget of time' }).click();
    const time = page.getByRole('textbox', { name: 'Budget of time' });
    await time.fill('soon');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').filter({ hasText: 'max_time' }).waitFor();
    await time.fill('2h');
    await service.call(`/studies/${id}`, { budget: { max_time: '3h' } }, 'PATCH');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Set 2h all the same' }).click();
    await text(page.locator('.tiles'), 'at most 2 h left');
    assert.deepEqual((await service.call(`/studies/${id}`)).spec.budget, {
      max_trials: 35,
      parallel: plane.budget.parallel ?? 1,
      max_time: '2h',
    });
  },
  { expected: /status of 4(00|12)/ },
);

inBrowser(
  'a viewer is shown the model but no button that changes anything',
  'light',
  async (page) => {
    const { id } = await service.call('/studies', forresterStudy('viewed', 20));
    await work(service, id, 8);
    await service.signIn(page.context(), service.createToken('guest', 'viewer'));
    await page.goto(`${service.origin}/studies/${id}/model`);
    await page.locator('[data-next]').waitFor();
    await text(page.locator('.view-only'), 'View only: the token guest is a viewer’s');
    assert.equal(
      await page.getByRole('button', { name: /Pause|Stop|Clone|Delete|Pin|Veto|Try this point/ }).count(),
      0,
    );
    await assertAccessible(page);
  },
  { signedOut: true },
);

const plane = {
  name: 'plane',
  metric: { name: 'score', goal: 'maximize' },
  method: 'gp',
  seed: 3,
  parameters: {
    rate: { type: 'float', min: 1e-4, max: 1, scale: 'log' },
    kind: { type: 'categorical', values: ['plain', 'heavy'] },
    momentum: { type: 'float', min: 0, max: 0.99, when: { kind: 'heavy' } },
  },
  budget: { max_trials: 30 },
};
const score = ({ rate, momentum = 0.3 }) => 1 - (Math.log10(rate) + 2) ** 2 / 4 - (momentum - 0.6) ** 2;

inBrowser('two parameters as a map, where a click moves the point', 'light', async (page) => {
  const { id } = await service.call('/studies', plane);
  await work(service, id, 12, score);
  await page.goto(`${service.origin}/studies/${id}/model`);
  const map = page.locator('.panel', { has: page.locator('#heat-title') });
  await map.locator('canvas').waitFor();
  await map.getByRole('button', { name: 'Expected improvement' }).click();
  await map.getByRole('img', { name: /^Expected improvement over rate and kind/ }).waitFor();
  const box = await map.locator('canvas').boundingBox();
  await page.mouse.click(box.x + box.width * 0.9, box.y + box.height * 0.3);
  await text(page.locator('.point-panel'), 'A point of your own');
  // A parameter that becomes active is there with a value of its own.
  const kind = page.getByRole('combobox', { name: 'kind' });
  await kind.selectOption({ label: 'heavy' });
  await page.getByRole('spinbutton', { name: 'momentum' }).waitFor();
  await kind.selectOption({ label: 'plain' });
  await page.getByRole('spinbutton', { name: 'momentum' }).waitFor({ state: 'detached' });
});

for (const scheme of ['light', 'dark']) {
  inBrowser(`all trials at once, and a click opens one (${scheme})`, scheme, async (page) => {
    const { id } = await service.call('/studies', { ...plane, name: `explored-${scheme}` });
    await work(service, id, 8, score);
    await page.goto(`${service.origin}/studies/${id}/explore`);
    await page.getByRole('img', { name: '8 trials on 4 parallel axes: rate, kind, momentum, score.' }).waitFor();
    await page.locator('select').first().selectOption('25');
    await page.getByRole('img', { name: /^2 trials on 4/ }).waitFor();
    await page.getByText('Axes', { exact: true }).click();
    await page.getByRole('button', { name: 'kind to the left' }).click();
    await page.getByRole('img', { name: '2 trials on 4 parallel axes: kind, rate, momentum, score.' }).waitFor();
    await page.locator('.behind summary', { hasText: 'Show as a table' }).first().click();
    await page.locator('.behind-box a').first().click();
    await page.locator('.trial-panel').waitFor();
    assert.match(page.url(), /trials\/\d+$/);
  });
}

inBrowser('the trials that a filter leaves are saved as they are shown', 'light', async (page) => {
  const { id } = await service.call('/studies', { ...plane, name: 'saved' });
  await work(service, id, 6, score);
  await page.goto(`${service.origin}/studies/${id}`);
  await page.locator('.data-table').waitFor();
  await page.getByRole('searchbox', { name: 'Filter the trials' }).fill('trial <= 2 state = completed');
  await text(page.locator('.panel-head'), '2 of 6');
  await page.getByText('Columns').click();
  await page.getByRole('checkbox', { name: 'kind' }).uncheck();
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Save as CSV' }).click(),
  ]);
  const [head, ...rows] = readFileSync(await download.path(), 'utf8')
    .trimEnd()
    .split('\r\n');
  assert.equal(head, 'trial,state,score,rate,momentum,method,created_at,ended_at,reason');
  assert.equal(rows.length, 2);
  const first = await service.call(`/studies/${id}/trials/1`);
  assert.equal(Number(rows[1].split(',')[3]), first.params.rate, 'the newest first; whole numbers, not rounded ones');
});

inBrowser(
  'a study is written, cloned and deleted on the page',
  'dark',
  async (page) => {
    await page.goto(service.origin);
    await page.getByRole('button', { name: 'New study' }).click();
    const file = page.getByRole('textbox', { name: /^Study file/ });
    await file.fill('name: by-hand\nmetric: {name: loss}\nparameters:\n  x: {type: float, min: 2, max: 1}\n');
    await text(page.locator('.file-check'), 'parameters.x');
    const create = page.getByRole('button', { name: 'Create the study' });
    assert.equal(await create.isDisabled(), true);
    await file.fill('name: by-hand\nmetric: {name: loss}\nparameters:\n  x: {type: float, min: 0, max: 1}\n');
    await text(page.locator('.file-check'), 'The file is valid.');
    // The fields write the file, and the file the fields.
    await page.getByRole('button', { name: 'Add a parameter' }).click();
    await page.getByRole('textbox', { name: 'Parameter' }).nth(1).fill('depth');
    await page.keyboard.press('Tab');
    await page.waitForFunction(() => document.querySelector('.file-text').value.includes('depth: {type: float'));
    await page.getByRole('combobox', { name: 'Type' }).nth(1).selectOption('int');
    await page.getByRole('textbox', { name: 'Trials' }).fill('12');
    await page.keyboard.press('Tab');
    await page.waitForFunction(() => document.querySelector('.file-text').value.includes('max_trials: 12'));
    await text(page.locator('.file-check'), 'The file is valid.');
    await assertAccessible(page);
    await create.click();
    await text(page.locator('h1'), 'by-hand');
    const made = (await service.call('/studies')).studies.find(({ name }) => name === 'by-hand');
    assert.equal(made.spec.parameters.depth.type, 'int');
    assert.equal(made.spec.budget.max_trials, 12);
    await page.getByRole('button', { name: 'Clone' }).click();
    await page.getByRole('textbox', { name: 'Name' }).fill('by-hand-2');
    await page.getByRole('button', { name: 'Create the clone' }).click();
    await text(page.locator('h1'), 'by-hand-2');
    await page.getByRole('button', { name: 'Delete', exact: true }).click();
    await page.getByRole('button', { name: 'Delete the study' }).click();
    await page.locator('.studies').waitFor();
    const { studies } = await service.call('/studies');
    const names = studies.map(({ name }) => name);
    assert.ok(names.includes('by-hand') && !names.includes('by-hand-2'), names.join());
  },
  { expected: /400/ },
);

for (const scheme of ['light', 'dark']) {
  inBrowser(`every page can be read and used by everybody (${scheme})`, scheme, async (page) => {
    const ids = [];
    for (const name of ['one', 'other']) {
      const { id } = await service.call('/studies', { ...plane, name: `${name}-${scheme}` });
      await work(service, id, 8, score);
      ids.push(id);
    }
    const [id] = ids;
    for (const path of ['', '/trials/8', '/explore', '/model']) {
      await page.goto(`${service.origin}/studies/${id}${path}`);
      await page.locator('canvas').first().waitFor();
      await assertAccessible(page);
    }
    await page.goto(service.origin);
    for (const name of ['one', 'other'])
      await page.getByRole('checkbox', { name: `Compare ${name}-${scheme}` }).check();
    await assertAccessible(page);
    await page.getByRole('link', { name: 'Compare 2' }).click();
    await page.getByRole('img', { name: /^The best so far of 2 studies/ }).waitFor();
    await assertAccessible(page);
  });
}

for (const scheme of ['light', 'dark']) {
  inBrowser(`every page of studies that the trainer runs (${scheme})`, scheme, async (page) => {
    const ids = [];
    for (const name of [`walked-${scheme}`, `beside-${scheme}`])
      ids.push((await service.call('/studies', digits(name, 8, 6))).id);
    const at = (path) => page.goto(`${service.origin}/studies/${ids[0]}${path}`);
    for (const id of ids) {
      await page.goto(`${service.origin}/studies/${id}`);
      await page.locator('.page-head [data-state=COMPLETED]').waitFor({ timeout: 60_000 });
    }
    await at('');
    await page.getByRole('img', { name: /^8 attempts at 8 trials/ }).waitFor();
    await page.getByRole('searchbox', { name: 'Filter the trials' }).fill('accuracy > 0.2');
    await page.locator('.data-table a').first().waitFor();
    await at('/trials/3/details');
    await page.getByRole('img', { name: /^accuracy over/ }).waitFor();
    await text(page.getByRole('log'), '"step"');
    await text(page.locator('main'), 'shard');
    await at('/explore');
    await page.getByRole('img', { name: /^\d+ trials on \d+ parallel axes/ }).waitFor();
    await page.getByRole('img', { name: /^Accuracy over the steps of \d+ trials/ }).waitFor();
    await at('/model');
    await page.locator('.slice canvas').first().waitFor();
    await text(page.locator('#trust-title'), 'Can it be trusted?');
    await page.goto(service.origin);
    for (const name of ['walked', 'beside'])
      await page.getByRole('checkbox', { name: `Compare ${name}-${scheme}` }).check();
    await page.getByRole('link', { name: 'Compare 2' }).click();
    await page.getByRole('img', { name: /^The best so far of 2 studies/ }).waitFor();
  });
}

inBrowser('the curves of all trials, of any metric', 'dark', async (page) => {
  const { id } = await service.call('/studies', digits('curves', 4, 5));
  await page.goto(`${service.origin}/studies/${id}`);
  await page.locator('.page-head [data-state=COMPLETED]').waitFor({ timeout: 60_000 });
  await page.getByRole('link', { name: 'Explore', exact: true }).click();
  await page
    .getByRole('img', { name: 'Accuracy over the steps of 4 trials, of which 0 were stopped early.' })
    .waitFor();
  await page.getByRole('combobox', { name: 'Metric of the curves' }).selectOption('train_loss');
  await page.getByRole('img', { name: /^Train loss over the steps of 4 trials/ }).waitFor();
  await assertAccessible(page);
});

inBrowser('several objectives have a front, whose trials a click opens', 'light', async (page) => {
  const { metric, ...file } = plane;
  const objectives = [
    { name: 'score', goal: 'maximize', reference: -4 },
    { name: 'cost', goal: 'minimize', reference: 3 },
  ];
  const { id } = await service.call('/studies', { ...file, name: 'front', objectives, method: 'random' });
  for (const rate of [1e-3, 1e-2, 1e-1]) {
    const metrics = { score: score({ rate }), cost: Math.abs(Math.log10(rate)) / 2 };
    await service.call(`/studies/${id}/trials`, { params: { rate, kind: 'plain' }, metrics });
  }
  await page.goto(`${service.origin}/studies/${id}/explore`);
  await page.getByRole('img', { name: /^Cost over Score of 3 trials, of which no other trial beats 2/ }).waitFor();
  await text(page.locator('.panel-head'), 'hypervolume');
  assert.notEqual(await findColour(page, '.chart-tall canvas', '--accent'), null, 'the front is drawn');
  await page.getByRole('combobox', { name: 'Objective' }).selectOption('cost');
  await page.getByRole('img', { name: /^Cost of 3 trials over rate/ }).waitFor();
  await assertAccessible(page);
  await page.locator('.behind-box a').first().click();
  await page.waitForURL(/trials\/\d+$/);
});

inBrowser('what early stopping holds trials against is drawn over their curves', 'dark', async (page) => {
  const early_terminate = { type: 'median', min_iter: 1, min_trials: 2 };
  const { id } = await service.call('/studies', { ...plane, name: 'limits', early_terminate, method: 'random' });
  for (const level of [0.3, 0.5, 0.7]) {
    const { trials } = await service.call(`/studies/${id}/trials:suggest`, { client_id: `w${level}` });
    const [{ id: trial, attempt }] = trials;
    for (const step of [1, 2, 3]) {
      const report = { token: attempt.token, step, metrics: { score: level * (1 - 1 / (step + 1)) } };
      await service.call(`/studies/${id}/trials/${trial}:report`, report);
    }
    await service.call(`/studies/${id}/trials/${trial}:complete`, { token: attempt.token, value: level });
  }
  await page.goto(`${service.origin}/studies/${id}/explore`);
  await text(page.locator('.panel-head'), 'dashed: the median that early stopping holds trials against');
  const curves = page.locator('.panel', { has: page.locator('#curves-title') });
  await curves.locator('canvas').waitFor();
  await curves.getByText('Show as a table').nth(1).click();
  await text(curves.locator('.behind-box'), '0.3750');
});
