// The dashboard of the real service in a real browser, over studies that the built-in trainer runs:
// node dashboard_test.mjs BIN_DIR.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch, openPage } from '../web/support/browser.mjs';
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

// A page that is signed in, unless `expected` messages of the console are those of one that is not.
function inBrowser(name, scheme, body, expected) {
  test(name, options, async () => {
    const opened = await openPage(browser, service.origin, { scheme, expected });
    try {
      if (!expected) await service.signIn(opened.page.context());
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
  unauthorized,
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
  unauthorized,
);
