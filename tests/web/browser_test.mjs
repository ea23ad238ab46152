// The dashboard in a real browser against the mock server, under a strict content security policy:
// node browser_test.mjs [folder of a bundle]; without one it makes its own.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { assertAccessible } from './support/accessible.mjs';
import { findColour, launch, openPage } from './support/browser.mjs';
import { MockServer } from './support/mock_server.mjs';
import { digits, fill, manyParameters } from './support/scenario.mjs';

const options = { timeout: 60_000 };
let dist = process.argv[2];
let ownDist;
let browser;
let server;

before(async () => {
  if (!dist) {
    ownDist = mkdtempSync(join(tmpdir(), 'krige-web-dist-'));
    dist = ownDist;
    execFileSync(process.execPath, [fileURLToPath(new URL('../../web/build.mjs', import.meta.url)), dist], {
      timeout: 60_000,
    });
  }
  [browser, server] = await Promise.all([launch(), new MockServer(dist).start()]);
}, options);

after(async () => {
  await browser?.close();
  await server?.stop();
  if (ownDist) rmSync(ownDist, { recursive: true, force: true });
}, options);

// Runs `body` on a page of its own and demands that nothing went wrong in it.
function inBrowser(name, body, pageOptions = {}) {
  test(name, options, async () => {
    server.studies.clear();
    server.away = false;
    const opened = await openPage(browser, server.origin, pageOptions);
    try {
      await body(opened.page);
      assert.deepEqual(opened.faults, []);
    } finally {
      await opened.close();
    }
  });
}

const lost = { expected: /Failed to load resource|net::ERR|EventSource/ };
const goLive = async (page, path) => {
  await page.goto(server.origin + path);
  await page.waitForSelector('[data-connection=live]');
};
// Marks the document: gone after a reload.
const mark = (page) => page.evaluate(() => (window.krigeSamePage = true));
const assertSamePage = async (page) =>
  assert.equal(await page.evaluate(() => window.krigeSamePage), true, 'the page was loaded anew');
const rowOf = (page, trial) =>
  page.locator('.data-table tbody tr', { has: page.locator(`a[href$="/trials/${trial}"]`) });
const trialsBox = (page) => page.locator('.table-box[aria-label="Table of the trials"]');
const text = (locator, expected) => locator.filter({ hasText: expected }).first().waitFor();

inBrowser('the list of studies changes live', async (page) => {
  fill(server.addStudy('first', digits('digits-mlp', 40)), 1, 12);
  await goLive(page, '/');
  await mark(page);
  const first = page.locator('[data-study=first]');
  await text(first, '12 of 40');
  await first.locator('[data-state=ACTIVE]').waitFor();
  const second = server.addStudy('second', digits('breast-cancer', 20));
  await text(page.locator('[data-study=second]'), '0 of 20'); // its budget comes from the study itself
  second.end(second.createTrial({ learning_rate: 0.1 }), 'COMPLETED', 0.9712);
  await text(page.locator('[data-study=second]'), '0.9712');
  server.studies.get('first').setState('PAUSED', 'user');
  await first.locator('[data-state=PAUSED]').waitFor();
  server.deleteStudy('first');
  await first.waitFor({ state: 'detached' });
  await page.fill('input[type=search]', 'nothing like it');
  await page.getByText('No study matches').waitFor();
  await assertSamePage(page);
});

inBrowser('without studies the list says how to start one', async (page) => {
  await goLive(page, '/');
  await page.getByText('No studies yet.').waitFor();
  server.addStudy('one', digits('digits', 10));
  await page.locator('[data-study=one]').waitFor();
});

inBrowser('the page of a study follows its trials live', async (page) => {
  const study = server.addStudy('live', digits('digits-mlp', 40));
  await goLive(page, '/');
  await page.click('[data-study=live] a');
  await page.getByText('No trial has ended yet.').waitFor();
  await mark(page);
  const one = study.createTrial({ learning_rate: 0.05, hidden: 64, optimizer: 'adam' });
  await rowOf(page, one).locator('[data-state=RUNNING]').waitFor();
  study.report(one, 1, { accuracy: 0.4321 });
  await text(rowOf(page, one), '0.4321');
  study.end(one, 'COMPLETED', 0.8123);
  await text(rowOf(page, one), '0.8123');
  await text(page.locator('.best-value'), '0.8123');
  await text(page.locator('.tiles'), '1 of 40');
  await page.locator('.trial-panel[data-trial="1"]').waitFor();
  const two = study.createTrial({ learning_rate: 0.01, hidden: 128, optimizer: 'sgd' });
  study.end(two, 'FAILED', null, 'worker 1 was killed by signal 9');
  await rowOf(page, two).locator('[data-state=FAILED]').waitFor();
  const three = study.createTrial({ learning_rate: 0.02 });
  study.end(three, 'COMPLETED', 0.9);
  await text(page.locator('.best-value'), '0.9000');
  await page.locator(`.best-row a[href$="/trials/${three}"]`).waitFor();
  assert.notEqual(await findColour(page, '.chart-large canvas', '--bad'), null, 'the failed trial is drawn');
  await assertSamePage(page);
});

inBrowser('a click on a trial shows its curve, which goes on live', async (page) => {
  const study = server.addStudy('curve', digits('digits-mlp', 40));
  fill(study, 2, 6);
  const running = study.createTrial({ learning_rate: 0.05, hidden: 64 });
  for (const step of [1, 2]) study.report(running, step, { accuracy: 0.1 * step, train_loss: 2 / step });
  await goLive(page, '/studies/curve');
  await rowOf(page, running).click();
  const panel = page.locator(`.trial-panel[data-trial="${running}"]`);
  await panel.waitFor();
  assert.equal(new URL(page.url()).pathname, `/studies/curve/trials/${running}`);
  await panel.getByText('Show as a table').first().click();
  const rows = panel.locator('.data-table tbody tr');
  await text(rows, '0.2000');
  assert.equal(await rows.count(), 2);
  study.report(running, 3, { accuracy: 0.3333, train_loss: 0.5 });
  await text(rows, '0.3333');
  assert.notEqual(await findColour(page, '.chart-small canvas', '--accent'), null, 'the curve is drawn');
  await panel.locator('select').selectOption('train_loss');
  await page.waitForFunction(() =>
    document.querySelector('.chart-small').ariaLabel.startsWith('train_loss over 3 steps, from 2'),
  );
  await panel.locator('select').focus();
  await page.keyboard.press('Escape');
  assert.equal(await panel.locator('select').count(), 1, 'Escape in a list of choices belongs to the list');
  await page.locator('h1').click();
  await page.keyboard.press('Escape');
  await panel.waitFor({ state: 'detached' });
  assert.equal(new URL(page.url()).pathname, '/studies/curve');
  await page.goBack();
  await panel.waitFor();
});

inBrowser('a click on a dot of the chart opens its trial', async (page) => {
  const study = server.addStudy('dot', digits('digits-mlp', 40));
  study.end(study.createTrial({ learning_rate: 0.05 }), 'COMPLETED', 0.5);
  await goLive(page, '/studies/dot');
  await page.locator('.chart-large canvas').waitFor();
  await page.waitForFunction(() => document.querySelector('.chart-large').ariaLabel.includes('found by trial 1'));
  let dot = null;
  for (let turn = 0; dot === null && turn < 100; turn += 1) {
    await page.evaluate(() => new Promise(requestAnimationFrame));
    dot = await findColour(page, '.chart-large canvas', '--accent');
  }
  assert.ok(dot, 'the best trial is drawn');
  await page.mouse.click(dot.x, dot.y);
  await page.waitForURL('**/studies/dot/trials/1');
});

inBrowser('pause, resume and stop, which asks first', async (page) => {
  const study = server.addStudy('act', digits('digits-mlp', 40));
  await goLive(page, '/studies/act');
  const heading = page.locator('.page-head');
  await page.getByRole('button', { name: 'Pause' }).click();
  await heading.locator('[data-state=PAUSED]').waitFor();
  await page.getByRole('button', { name: 'Resume' }).click();
  await heading.locator('[data-state=ACTIVE]').waitFor();
  await page.getByRole('button', { name: 'Stop' }).click();
  await page.getByRole('button', { name: 'Keep it running' }).click();
  assert.equal(study.value.state, 'ACTIVE');
  await page.getByRole('button', { name: 'Stop' }).click();
  await page.getByRole('button', { name: 'Stop the study' }).click();
  await heading.locator('[data-state=STOPPED]').waitFor();
  await text(heading, 'asked for by a user');
  assert.equal(study.value.state, 'STOPPED');
  assert.equal(await heading.getByRole('button', { name: /Pause|Resume|Stop/ }).count(), 0);
});

inBrowser(
  'a refused action says why',
  async (page) => {
    const study = server.addStudy('refused', digits('digits-mlp', 40));
    await goLive(page, '/studies/refused');
    study.value.state = 'COMPLETED'; // not yet told to the page
    await page.getByRole('button', { name: 'Pause' }).click();
    await page.getByRole('alert').filter({ hasText: 'cannot pause' }).waitFor();
  },
  lost,
);

inBrowser(
  'a lost connection is said, and what was missed is caught up',
  async (page) => {
    const study = server.addStudy('lost', digits('digits-mlp', 40));
    fill(study, 3, 4);
    await goLive(page, '/studies/lost');
    await mark(page);
    server.away = true;
    server.dropStreams();
    await page.getByText('Connection lost, retrying').waitFor();
    const missed = study.createTrial({ learning_rate: 0.5 });
    server.away = false;
    await page.waitForSelector('[data-connection=live]');
    await rowOf(page, missed).waitFor();
    await assertSamePage(page);
  },
  lost,
);

inBrowser(
  'a page that is behind a compacted history reads the study again',
  async (page) => {
    const study = server.addStudy('reset', digits('digits-mlp', 40));
    await goLive(page, '/studies/reset');
    server.away = true;
    server.dropStreams();
    await page.getByText('Connection lost, retrying').waitFor();
    fill(study, 3, 5);
    study.compact();
    server.away = false;
    await rowOf(page, 5).waitFor();
    await page.waitForSelector('[data-connection=live]');
    const next = study.createTrial({ learning_rate: 0.5 });
    await rowOf(page, next).waitFor();
  },
  lost,
);

inBrowser('two thousand trials are sorted and scrolled with few rows in the document', async (page) => {
  const study = server.addStudy('many', digits('digits-mlp', 2400));
  fill(study, 3, 2000, { epochs: 1 });
  await goLive(page, '/studies/many');
  const rows = page.locator('.data-table tbody tr:not(.spacer)');
  await rowOf(page, 2000).waitFor();
  assert.ok((await rows.count()) < 60);
  await page.getByRole('button', { name: 'accuracy' }).click();
  await page.getByRole('button', { name: 'accuracy' }).click();
  await page.locator('th[aria-sort=descending]', { hasText: 'accuracy' }).waitFor();
  await page.locator('.data-table tbody tr:not(.spacer):first-child.best-row').waitFor();
  await page.getByRole('button', { name: 'Trial', exact: true }).click();
  await trialsBox(page).evaluate((box) => (box.scrollTop = 500 * 34));
  await rowOf(page, 1499).waitFor();
  const top = () =>
    rowOf(page, 1495)
      .boundingBox()
      .then(({ y }) => Math.round(y));
  const before = await top();
  const next = study.createTrial({ learning_rate: 0.5 });
  await text(page.locator('.panel-head', { hasText: 'Trials' }), String(next));
  assert.equal(await top(), before, 'a new trial above does not move the rows in view');
  await trialsBox(page).evaluate((box) => (box.scrollTop = box.scrollHeight));
  await rowOf(page, 1).waitFor();
});

inBrowser('sixty parameters, long names and values that are not finite', async (page) => {
  const study = server.addStudy('wide', manyParameters(60));
  fill(study, 4, 10);
  study.end(study.createTrial({ note: 'x'.repeat(300) }), 'COMPLETED', NaN);
  study.end(study.createTrial({}), 'COMPLETED', Infinity);
  await goLive(page, '/studies/wide');
  await text(rowOf(page, 11), 'NaN');
  await text(rowOf(page, 12), '∞');
  const width = () => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.equal(await width(), 0, 'only the table scrolls sideways');
  await page.setViewportSize({ width: 420, height: 800 });
  await page.waitForFunction(() => document.querySelector('.chart-large canvas').clientWidth < 420);
  assert.equal(await width(), 0, 'on a narrow screen too');
});

inBrowser(
  'a study of failed trials only, and what does not exist',
  async (page) => {
    const study = server.addStudy('failed', digits('always-crashes', 40));
    for (const reason of ['killed by signal 9', 'out of memory']) {
      study.end(study.createTrial({ learning_rate: 1 }), 'FAILED', null, reason);
    }
    study.setState('FAILED', 'max_failures');
    await goLive(page, '/studies/failed');
    await page.getByText('too many trials failed in a row').waitFor();
    await page.getByText('No trial was completed.').waitFor();
    await rowOf(page, 2).getByRole('link').focus();
    await page.keyboard.press('Enter');
    await text(page.locator('.trial-panel'), 'out of memory');
    await page.goto(`${server.origin}/studies/failed/trials/77`);
    await page.getByText('There is no trial 77.').waitFor();
    await page.goto(`${server.origin}/studies/none`);
    await page.getByText('There is no such study.').waitFor();
    await page.goto(`${server.origin}/nothing`);
    await page.getByText('There is no such page.').waitFor();
  },
  lost,
);

const trialPage = (page) => page.locator('.trial-page-head');

inBrowser('the page of a trial: every curve, every attempt, what it prints', async (page) => {
  const study = server.addStudy('whole', digits('digits-mlp', 40));
  fill(study, 2, 3);
  const one = study.createTrial({ learning_rate: 0.05, hidden: 64 });
  for (const step of [1, 2]) study.report(one, step, { accuracy: 0.1 * step, train_loss: 2 / step, odd: NaN });
  study.report(one, 2, { accuracy: 0.2, train_loss: 1, odd: NaN, test_accuracy: 0.1875 });
  study.tryAgain(one, 'LOST', 'no sign of life for 60 s');
  study.print(one, 2, 'epoch 1\n');
  await goLive(page, `/studies/whole/trials/${one}`);
  await page.getByRole('link', { name: `All of trial ${one}` }).click();
  await trialPage(page).waitFor();
  for (const name of [/^accuracy over 2 steps/, /^train_loss over 2 steps/, /^odd has no finite value/])
    await page.getByRole('img', { name }).waitFor();
  await text(page.locator('.facts-once'), 'Test accuracy at step 20.1875'); // told once: no curve
  await text(page.locator('.panel-head', { hasText: 'Attempts' }), '1 retry, 1 lost');
  const attempts = page.locator('.attempts-table tbody tr');
  await text(attempts.nth(0), 'no sign of life for 60 s');
  await attempts.nth(1).locator('[data-state=RUNNING]').waitFor();

  const log = page.getByRole('log');
  await text(log, 'epoch 1');
  study.print(one, 2, 'epoch 2\n');
  await text(log, 'epoch 2'); // by itself
  await page.getByRole('button', { name: 'Following: pause' }).click();
  const asked = () => server.requests.filter((request) => request.includes('/logs?offset')).length;
  const before = asked();
  study.print(one, 2, 'epoch 3\n');
  study.report(one, 3, { accuracy: 0.5 });
  await page.getByRole('img', { name: /^accuracy over 3 steps/ }).waitFor();
  assert.equal(asked(), before, 'nothing is asked for while it is paused');
  await page.getByRole('button', { name: 'Follow', exact: true }).click();
  await text(log, 'epoch 3');
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('link', { name: 'Download' }).click(),
  ]);
  assert.equal(download.suggestedFilename(), `trial-${one}-attempt-2.log`);
  await page.getByRole('combobox', { name: 'Attempt' }).selectOption('attempt 1');
  await page.getByText('It printed nothing here.').waitFor();

  await page.getByRole('button', { name: 'Stop the trial' }).click();
  await page.getByRole('button', { name: 'Let it go on' }).click();
  assert.equal(study.trials[one - 1].state, 'RUNNING');
  await page.getByRole('button', { name: 'Stop the trial' }).click();
  await page.getByRole('button', { name: 'Stop it' }).click();
  await trialPage(page).locator('[data-state=STOPPING]').waitFor();
  assert.equal(await page.getByRole('button', { name: 'Stop the trial' }).isDisabled(), true);
  study.end(one, 'FAILED', null, 'killed by signal 9');
  await text(trialPage(page), 'killed by signal 9');
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.waitForURL(`**/trials/${one + 1}/details`);
  await trialPage(page).locator('[data-state=WAITING]').waitFor();
  await page.getByText('It waits for its first attempt.').waitFor();
  await page.getByRole('link', { name: `Trial ${one}`, exact: true }).click();
  await text(trialPage(page), 'killed by signal 9');
});

inBrowser('whoever scrolls up in what is printed stops following it', async (page) => {
  const study = server.addStudy('scrolled', digits('digits-mlp', 40));
  const one = study.createTrial({ learning_rate: 0.05 });
  const lines = (from, to) => Array.from({ length: to - from }, (_, i) => `line ${from + i}\n`).join('');
  study.print(one, 1, lines(0, 500));
  await goLive(page, `/studies/scrolled/trials/${one}/details`);
  const log = page.getByRole('log');
  await text(log, 'line 499');
  const fromEnd = () => log.evaluate((box) => box.scrollHeight - box.scrollTop - box.clientHeight);
  assert.ok((await fromEnd()) < 5, 'the end is in view');
  await log.evaluate((box) => (box.scrollTop = 0));
  await page.getByRole('button', { name: 'Follow', exact: true }).waitFor();
  study.print(one, 1, lines(500, 600));
  await page.getByRole('button', { name: 'Follow', exact: true }).click();
  await text(log, 'line 599');
  assert.ok((await fromEnd()) < 5);
});

inBrowser(
  'what the processes of a training do, and the model that it has made',
  async (page) => {
    const study = server.addStudy('trained', { ...digits('digits-mlp', 40), train: {}, keep_models: 1 });
    const one = study.createTrial({ learning_rate: 0.05 });
    const worker = { pushes_per_second: 812.3, pulls_per_second: 811, compute_seconds: 6, wait_seconds: 3 };
    const cluster = {
      attempt: 1,
      live: true,
      updated_at: new Date().toISOString(),
      mode: 'ssp',
      staleness: 4,
      elapsed_seconds: 10,
      processes: [
        { role: 'shard', index: 0, pid: 14, clock: 77, staleness_mean: 1.25, staleness_max: 4 },
        { role: 'worker', index: 0, pid: 13, clock: 80, ...worker, evaluate_seconds: 0.5, memory_bytes: 5_000_000 },
        { role: 'coordinator', pid: 12 },
      ],
    };
    study.clusters.set(one, cluster);
    await goLive(page, `/studies/trained/trials/${one}/details`);
    const rows = page.locator('.cluster-table tbody tr');
    await text(rows.nth(0), 'coordinator pid 12');
    await text(rows.nth(1), 'computes 60 % · waits 30 % · evaluates 5 % · else 5 %');
    await text(rows.nth(1), '5 MB');
    await text(rows.nth(2), '1.25, at most 4');
    await text(page.locator('.panel-head', { hasText: 'Processes' }), 'ssp · staleness up to 4 · live');
    cluster.processes[1].clock = 1234; // it goes on
    await text(rows.nth(1), '1234');
    assert.equal(await page.getByRole('link', { name: 'Download the model' }).count(), 0);
    cluster.live = false;
    study.end(one, 'COMPLETED', 0.9);
    await text(page.locator('.panel-head', { hasText: 'Processes' }), 'as it was at the end');
    const model = page.getByRole('link', { name: 'Download the model' });
    assert.equal(await model.getAttribute('href'), `/api/v1/studies/trained/trials/${one}/model`);
    await assertAccessible(page);
    study.end(study.createTrial({ learning_rate: 0.1 }), 'COMPLETED', 0.95); // a better one: the first is not kept
    await model.waitFor({ state: 'detached' });
  },
  lost,
);

const within = (page, name) => page.getByRole('button', { name: `Change ${name}` });

inBrowser(
  'limits are changed where they stand; when somebody else was faster the user decides',
  async (page) => {
    const study = server.addStudy('limits', { ...digits('digits-mlp', 40), train: {} });
    await goLive(page, '/studies/limits');
    await within(page, 'budget of trials').click();
    const field = page.getByRole('textbox', { name: 'Budget of trials' });
    assert.equal(await field.inputValue(), '40');
    await field.fill('many');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').filter({ hasText: 'whole number' }).waitFor();
    await field.fill('60');
    await page.keyboard.press('Enter');
    await text(page.locator('.tiles'), '0 of 60');
    assert.equal(study.value.spec.budget.max_trials, 60);
    await page.waitForFunction(() => document.activeElement.matches('.edit-button'));

    // Somebody else changes the same limit meanwhile.
    await page.keyboard.press('Enter');
    await field.fill('70');
    study.changeBudget({ max_trials: 50 });
    await page.keyboard.press('Enter');
    await page.getByRole('alert').filter({ hasText: 'Meanwhile it was changed to 50. Yours is 70' }).waitFor();
    await page.getByRole('button', { name: 'Keep 50' }).click();
    await text(page.locator('.tiles'), '0 of 50');
    assert.equal(study.value.spec.budget.max_trials, 50);
    await within(page, 'budget of trials').click();
    await field.fill('80');
    study.changeBudget({ max_trials: 55 });
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('button', { name: 'Set 80 all the same' }).click();
    await text(page.locator('.tiles'), '0 of 80');

    // Another limit was changed: that is no conflict, and both hold.
    await within(page, 'trials side by side').click();
    await page.getByRole('textbox', { name: 'Trials side by side' }).fill('4');
    study.changeBudget({ max_trials: 90 });
    await page.getByRole('button', { name: 'Save' }).click();
    await text(page.locator('.tiles'), '0 of 4');
    assert.deepEqual(study.value.spec.budget, { max_trials: 90, parallel: 4 });

    await within(page, 'budget of time').click();
    await page.getByRole('textbox', { name: 'Budget of time' }).fill('2h');
    await page.keyboard.press('Escape');
    await text(page.locator('.tiles'), 'of no limit');
    await within(page, 'budget of trials').click();
    await field.fill('');
    await page.getByRole('button', { name: 'Save' }).click();
    await text(page.locator('.tiles'), 'time left unknown: it has no budget of trials or time');
    assert.deepEqual(study.value.spec.budget, { parallel: 4 });
  },
  { expected: /412/ },
);

inBrowser('a viewer sees everything, and why there are no buttons', async (page) => {
  server.role = 'viewer';
  try {
    const study = server.addStudy('looked-at', digits('digits-mlp', 40));
    fill(study, 2, 3);
    await goLive(page, '/studies/looked-at');
    await text(page.locator('.view-only'), 'View only');
    assert.equal(await page.getByRole('button', { name: /Pause|Stop|Clone|Delete|Change/ }).count(), 0);
    await page.goto(`${server.origin}/studies/looked-at/trials/2/details`);
    await page.locator('.view-only').waitFor();
    assert.equal(await page.getByRole('button', { name: 'Try again' }).count(), 0);
    server.role = 'operator';
    await page.reload();
    await page.getByRole('button', { name: 'Try again' }).waitFor();
    assert.equal(await page.locator('.view-only').count(), 0);
    assert.equal(await page.getByRole('button', { name: 'Delete' }).count(), 0, 'that is for admins');
  } finally {
    server.role = 'admin';
  }
});

inBrowser('ten thousand attempts on a timeline: looked at from afar, closely, and as a table', async (page) => {
  const study = server.addStudy('busy', digits('digits-mlp', 20_000));
  const begin = Date.parse('2026-01-31T12:00:00.000Z');
  const at = (seconds) => new Date(begin + 1000 * seconds).toISOString();
  study.value.created_at = at(0);
  for (let i = 0; i < 10_000; i += 1) {
    const [from, to] = [9 * (i >> 3), 9 * (i >> 3) + 8];
    const state = i % 50 === 7 ? 'LOST' : 'SUCCEEDED';
    const attempts = [{ id: 1, state, worker: `w${i % 8}`, reason: '', started_at: at(from), ended_at: at(to) }];
    study.trials.push({
      id: i + 1,
      state: 'COMPLETED',
      reason: '',
      params: {},
      value: i / 10_000,
      suggestion: { method: 'random' },
      attempts,
      created_at: at(from),
      ended_at: at(to),
    });
    study.records.set(i + 1, []);
  }
  study.summarize();
  await goLive(page, '/studies/busy');
  const newest = page.getByRole('img', { name: /^1000 attempts at 1000 trials/ });
  await newest.waitFor();
  await page.getByText('1000 of 10000 trials are shown.').waitFor();
  await page.getByRole('button', { name: 'Show 9000 older ones' }).click();
  const chart = page.getByRole('img', {
    name: '10000 attempts at 10000 trials in 8 lanes: 0 running, 0 failed, 200 lost',
  });
  await chart.scrollIntoViewIfNeeded();
  await chart.locator('canvas').waitFor();
  assert.notEqual(await findColour(page, '.timeline canvas', '--bad'), null, 'the lost ones are seen from afar');
  const frame = page.locator('.timeline');
  await frame.focus();
  const all = page.getByRole('button', { name: 'All', exact: true });
  assert.equal(await all.isDisabled(), true);
  for (let i = 0; i < 9; i += 1) await page.keyboard.press('+');
  await page.keyboard.press('ArrowLeft');
  assert.equal(await all.isDisabled(), false);
  await page.keyboard.press('Home');
  assert.equal(await all.isDisabled(), true);
  await page
    .locator('.panel', { has: page.locator('#timeline-title') })
    .getByText('Show as a table')
    .click();
  const table = page.getByRole('region', { name: 'All attempts' });
  await table.getByRole('link', { name: '10000', exact: true }).waitFor();
  assert.ok((await table.locator('tbody tr').count()) < 60);
  await table.getByRole('button', { name: 'State' }).click();
  await table.locator('[data-state=LOST]').first().waitFor();
  // A study of which something changes all the time is not drawn all the time.
  for (let i = 0; i < 20; i += 1) study.end(study.createTrial({}), 'COMPLETED', 0.5);
  await page.getByRole('img', { name: /^10020 attempts at 10020 trials/ }).waitFor();
});

inBrowser('a bar of the timeline opens its trial', async (page) => {
  const study = server.addStudy('bars', digits('digits-mlp', 40));
  const one = study.createTrial({ learning_rate: 0.5 });
  study.trials[0].attempts[0].started_at = new Date(Date.now() - 60_000).toISOString();
  study.end(one, 'COMPLETED', 0.5);
  await goLive(page, '/studies/bars');
  const canvas = page.locator('.timeline canvas').first();
  await canvas.scrollIntoViewIfNeeded();
  const box = await canvas.boundingBox();
  await page.mouse.click(box.x + box.width / 2, box.y + 22);
  await page.waitForURL(`**/trials/${one}/details`);
});

inBrowser('several objectives and constraints are told apart', async (page) => {
  const { metric, ...rest } = digits('digits-mlp', 40);
  const study = server.addStudy('several', {
    ...rest,
    objectives: [
      { name: 'accuracy', goal: 'maximize' },
      { name: 'latency', goal: 'minimize' },
    ],
    constraints: [{ name: 'memory', max: 500 }],
  });
  const add = (accuracy, latency, memory) => {
    const id = study.createTrial({ learning_rate: 0.1 });
    const constraints = { memory: { value: memory, feasible: memory <= 500 } };
    Object.assign(study.trials[id - 1], { values: { accuracy, latency }, constraints, state: 'COMPLETED' });
  };
  add(0.9, 20, 400);
  add(0.8, 10, 450);
  add(0.7, 30, 450);
  add(0.99, 5, 900);
  await goLive(page, '/studies/several');
  const panel = page.locator('.panel', { has: page.locator('#objectives-title') });
  await text(panel, '2 trials are beaten by no other: 1, 2');
  await text(panel, '3 of the latest 4 trials');
  await text(panel.locator('tr', { hasText: 'latency' }), '10.00');
  await page.getByRole('combobox', { name: 'Objective' }).selectOption('latency');
  await page.getByRole('img', { name: 'Best latency so far over the trials: 10, found by trial 2.' }).waitFor();
  await page.goto(`${server.origin}/studies/several/trials/4/details`);
  await text(page.locator('.constraints'), 'memory 900 is not ≤ 500');
});

for (const scheme of ['light', 'dark']) {
  inBrowser(
    `the page of a trial, its study's limits and its timeline can be used by everybody (${scheme})`,
    async (page) => {
      const study = server.addStudy('readable', { ...digits('digits-mlp', 40), train: {} });
      fill(study, 2, 5);
      const one = study.createTrial({ learning_rate: 0.05 });
      study.report(one, 1, { accuracy: 0.3 });
      study.tryAgain(one, 'FAILED', 'out of memory');
      study.print(one, 2, 'epoch 1\n');
      await goLive(page, `/studies/readable/trials/${one}/details`);
      await text(page.getByRole('log'), 'epoch 1');
      await assertAccessible(page);
      await page.goto(`${server.origin}/studies/readable`);
      await within(page, 'budget of trials').click();
      await page.getByRole('textbox', { name: 'Budget of trials' }).waitFor();
      await page.locator('.timeline canvas').first().waitFor();
      await assertAccessible(page);
    },
    { scheme },
  );
}

inBrowser('the page of a trial with sixty parameters, long names and a value that is not finite', async (page) => {
  const study = server.addStudy('wide-trial', manyParameters(60));
  fill(study, 4, 2);
  const id = study.createTrial(study.trials[0].params);
  study.report(id, 1, { [study.value.spec.metric.name]: Infinity });
  study.end(id, 'COMPLETED', NaN, 'a reason that goes on '.repeat(20));
  await goLive(page, `/studies/wide-trial/trials/${id}/details`);
  await text(page.locator('.trial-outcome'), 'NaN');
  const width = () => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.equal(await width(), 0);
  await page.setViewportSize({ width: 420, height: 800 });
  await page.waitForFunction(() => document.querySelector('.columns').clientWidth < 420);
  assert.equal(await width(), 0, 'on a narrow screen too');
});

for (const scheme of ['light', 'dark']) {
  inBrowser(
    `${scheme} as the system says, the other one by the button, which is remembered`,
    async (page) => {
      fill(server.addStudy('theme', digits('digits-mlp', 40)), 3, 20);
      await goLive(page, '/studies/theme');
      const other = scheme === 'light' ? 'dark' : 'light';
      const brightness = () =>
        page.evaluate(() => Number(getComputedStyle(document.body).backgroundColor.match(/\d+/)[0]) / 255);
      const assertTheme = async (theme) => {
        await page.locator(`html[data-theme=${theme}]`).waitFor();
        assert.equal((await brightness()) < 0.5, theme === 'dark');
      };
      await assertTheme(scheme);
      await page.getByRole('button', { name: `Use ${other} colours` }).click();
      await assertTheme(other);
      await page.reload();
      await assertTheme(other);
      await page.getByRole('button', { name: `Use ${scheme} colours` }).click();
      await assertTheme(scheme);
    },
    { scheme },
  );
}

// Further tabs of the browser that `page` is in, live on the same path.
async function furtherTabs(page, count, path) {
  const tabs = [page];
  await goLive(page, path);
  while (tabs.length < count) {
    const tab = await page.context().newPage();
    await goLive(tab, path);
    tabs.push(tab);
  }
  return tabs;
}

inBrowser('eight tabs of a browser are live by one connection, which outlives the first of them', async (page) => {
  const study = server.addStudy('shared', digits('digits-mlp', 40));
  const tabs = await furtherTabs(page, 8, '/studies/shared');
  assert.equal(server.listeners.size, 1);
  const seen = async (id, some) => {
    for (const tab of some) await rowOf(tab, id).waitFor();
  };
  await seen(study.createTrial({ learning_rate: 0.1 }), tabs);
  // The first one goes while things happen: nothing is missed, and nothing comes twice.
  const [first, ...others] = tabs;
  await first.goto(`${server.origin}/nothing`);
  study.end(1, 'COMPLETED', 0.75);
  await seen(study.createTrial({ learning_rate: 0.2 }), others);
  for (const tab of others) {
    await text(rowOf(tab, 1), '0.7500');
    assert.equal(await tab.locator('.data-table .trial-link').count(), 2);
  }
  assert.equal(server.listeners.size, 1);
  // Tabs of other pages are told by the same connection.
  const list = others.at(-1);
  await goLive(list, '/');
  await text(list.locator('[data-study=shared]'), '1 of 40');
  study.end(2, 'COMPLETED', 0.85);
  await text(list.locator('[data-study=shared]'), '2 of 40');
  await text(rowOf(others[0], 2), '0.8500');
  await list.waitForFunction(() => document.querySelector('[data-connection=live]') !== null);
  assert.equal(server.listeners.size, 1);
  for (const tab of others) await tab.close();
  const closed = Date.now() + 10_000;
  while (server.listeners.size > 0 && Date.now() < closed) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(server.listeners.size, 0, 'nobody is left');
});

inBrowser(
  'where the server refuses streams the page asks it instead',
  async (page) => {
    const study = server.addStudy('full', digits('digits-mlp', 40));
    server.full = true;
    await page.goto(`${server.origin}/studies/full`);
    await page.getByText('Live, every 2 s').waitFor();
    const trial = study.createTrial({ learning_rate: 0.1 });
    await rowOf(page, trial).waitFor();
    study.end(trial, 'COMPLETED', 0.625);
    await text(page.locator('.best-value'), '0.6250');
    server.full = false;
    await page.waitForSelector('[data-connection=live]');
  },
  lost,
);

const readDownload = async (download) => {
  const parts = [];
  for await (const part of await download.createReadStream()) parts.push(part);
  return Buffer.concat(parts).toString('utf8');
};

inBrowser(
  'a filter and an order are the server’s, and what is shown is saved whole',
  async (page) => {
    const study = server.addStudy('filter', digits('digits-mlp', 4000));
    fill(study, 3, 2500, { epochs: 1 });
    await goLive(page, '/studies/filter');
    const shown = page.locator('.panel-head', { hasText: 'Trials' }).locator('.muted');
    await page.fill('.trial-filter', 'accuracy > 0.8');
    const expected = study.trials.filter(({ value }) => value > 0.8);
    await text(shown, `${expected.length} of 2500`);
    assert.ok(expected.length > 100 && expected.length < 2500, 'more than one page, and not all');
    await page.getByRole('button', { name: 'learning_rate', exact: true }).click();
    const smallest = expected.reduce((a, b) => (a.params.learning_rate <= b.params.learning_rate ? a : b));
    await page.waitForFunction(
      (href) => document.querySelector('.data-table .trial-link')?.getAttribute('href') === href,
      `/studies/filter/trials/${smallest.id}`,
    );
    assert.equal(await page.getByRole('link', { name: /^Compare these/ }).count(), 0, 'they are too many');
    const [csv] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Save as CSV' }).click(),
    ]);
    const lines = (await readDownload(csv)).trim().split('\r\n');
    assert.equal(lines.length, expected.length + 1);
    assert.match(lines[1], new RegExp(`^${smallest.id},`));
    await page.fill('.trial-filter', 'id < 4');
    await page.getByRole('link', { name: 'Compare these 3' }).click();
    await page.getByRole('columnheader', { name: 'Trial 3' }).waitFor();
    await page.getByRole('rowheader', { name: 'learning_rate ≠' }).waitFor();
    await page.getByRole('img', { name: /over the steps of 3 trials/ }).waitFor();
    await assertAccessible(page);
    await page.goBack();
    await page.fill('.trial-filter', 'nothing = 3');
    await page.locator('.filter-error').filter({ hasText: 'there is no nothing' }).waitFor();
  },
  lost,
);

inBrowser('ranges of parallel coordinates are picked by keyboard too, and a click opens a trial', async (page) => {
  const study = server.addStudy('axes', digits('digits-mlp', 40));
  fill(study, 3, 30);
  await goLive(page, '/studies/axes/explore');
  const low = page.getByRole('slider', { name: 'accuracy, at least' });
  await low.focus();
  for (let i = 0; i < 4; i += 1) await page.keyboard.press('Shift+ArrowUp');
  const status = page.getByRole('status').filter({ hasText: 'within the ranges' });
  await status.waitFor();
  const [, some, all] = /(\d+) of (\d+)/.exec(await status.textContent());
  assert.ok(Number(some) > 0 && Number(some) < Number(all), `${some} of ${all}`);
  await page.keyboard.press('Escape');
  await status.waitFor({ state: 'detached' });
  await page.getByText('Axes', { exact: true }).click();
  await page.getByRole('button', { name: 'hidden to the left' }).click();
  const names = () => page.locator('.parallel-name').allTextContents();
  assert.deepEqual((await names()).slice(0, 2), ['hidden', 'learning_rate']);
  await page.getByRole('button', { name: 'hidden, log scale' }).click();
  const box = await page.locator('.parallel-plot').boundingBox();
  // Along the axis of the metric by the pointer, from its middle to its top.
  await page.mouse.move(box.x + box.width - 70, box.y + 200);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width - 70, box.y + 60, { steps: 4 });
  await page.mouse.up();
  await status.waitFor();
  await page.getByRole('button', { name: 'Let go of all' }).click();
  // Somewhere between two axes there is a line under the pointer.
  for (let y = 50; y < 340 && (await page.locator('.parallel-hit').count()) === 0; y += 5)
    await page.mouse.move(box.x + 110, box.y + y);
  await text(page.locator('.parallel-tip'), 'trial');
  await page.mouse.down();
  await page.mouse.up();
  await page.waitForURL('**/studies/axes/trials/*');
});

inBrowser('the list of studies is filtered by state, and a study is managed from there', async (page) => {
  const one = server.addStudy('one', digits('going-on', 40));
  fill(one, 2, 9);
  server.addStudy('two', digits('ended', 40)).setState('COMPLETED', 'max_trials');
  await goLive(page, '/');
  await page.locator('[data-study=one] .sparkline').waitFor();
  await page.getByLabel('State of the studies').selectOption('Going on');
  await page.locator('[data-study=two]').waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Manage going-on' }).click();
  await page.getByRole('button', { name: 'Pause' }).click();
  await page.getByRole('button', { name: 'Resume' }).waitFor();
  assert.equal(one.value.state, 'PAUSED');
  await page.getByRole('button', { name: 'Stop' }).click();
  await page.getByRole('button', { name: 'Stop the study' }).click();
  await page.locator('.dialog[open] [data-state=STOPPED]').waitFor();
  await page.getByRole('button', { name: 'Close' }).click();
  await page.getByLabel('State of the studies').selectOption('Stopped');
  await page.locator('[data-study=one]').waitFor();
});

for (const scheme of ['light', 'dark']) {
  inBrowser(
    `nothing stands in the way of who cannot see or point (${scheme})`,
    async (page) => {
      fill(server.addStudy('one', digits('digits-mlp', 400)), 3, 120);
      fill(server.addStudy('wide', manyParameters(60)), 4, 12);
      for (const [path, ready] of [
        ['/', '.sparkline'],
        ['/studies/one', '.chart-large canvas'],
        ['/studies/one/explore', '.parallel-handle'],
        ['/studies/wide/explore', '.parallel-handle'],
        ['/compare/one,wide', '.chart canvas'],
      ]) {
        await page.goto(server.origin + path);
        await page.locator(ready).first().waitFor();
        await assertAccessible(page);
      }
    },
    { scheme },
  );
}
