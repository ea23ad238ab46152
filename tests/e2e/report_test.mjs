// The report of a study, opened as a file with the network closed: node report_test.mjs BIN_DIR [folder for pictures].
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { assertAccessible } from '../web/support/accessible.mjs';
import { findColour, launch, openPage } from '../web/support/browser.mjs';

const options = { timeout: 90_000 };
const krige = join(process.argv[2], 'krige');
const pictures = process.argv[3];
const folder = mkdtempSync(join(tmpdir(), 'krige-report-'));
const report = join(folder, 'report.html');
const store = join(folder, 'store.sqlite');
// What would end the element that the data stand in, or run, if anything of it were taken for HTML.
const hostile = '</script><script>document.body.id = "taken"</script><!-- <img src=x onerror="document.body.id=1"> & "';
const study = {
  name: hostile,
  description: hostile,
  metric: { name: 'loss', goal: 'minimize' },
  seed: 3,
  parameters: {
    x: { type: 'float', min: -5.5, max: 10.5 },
    y: { type: 'float', min: 0.001, max: 1, scale: 'log' },
    kind: { type: 'categorical', values: ['a', hostile] },
  },
  budget: { max_trials: 14, parallel: 2 },
  command: [
    'sh',
    '-c',
    `case $KRIGE_TRIAL in 4) echo '${hostile.replaceAll("'", '')}' >&2; exit 3;; esac
    for step in 1 2 3; do awk "BEGIN {print \\"{\\\\\\"step\\\\\\": $step, \\\\\\"loss\\\\\\": \\" ($1 - 2) ^ 2 + 10 * $2 + 5 / $step \\"}\\"}"; done`,
    'trial',
    '{x}',
    '{y}',
  ],
};
let browser;

before(async () => {
  writeFileSync(join(folder, 'study.json'), JSON.stringify(study));
  execFileSync(krige, ['sweep', join(folder, 'study.json'), '--store', store, '--html', report], {
    stdio: ['ignore', 'ignore', 'inherit'],
    timeout: 60_000,
  });
  browser = await launch();
}, options);

after(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
}, options);

async function opened(path, scheme, body) {
  const { page, faults, close } = await openPage(browser, 'null', { scheme, height: 2400 });
  try {
    await page.context().setOffline(true);
    await page.goto(pathToFileURL(path).href);
    await body(page);
    assert.deepEqual(faults, []);
  } finally {
    await close();
  }
}

for (const scheme of ['light', 'dark']) {
  test(`a report shows its study without a server (${scheme})`, options, async () => {
    await opened(report, scheme, async (page) => {
      await page.locator('.page-head [data-state=COMPLETED]').waitFor();
      assert.equal(await page.locator('h1').textContent(), hostile);
      assert.equal(await page.evaluate(() => document.body.id), '', 'a text of the study was taken for HTML');
      for (const title of ['Best so far', 'What the model believes', 'What matters', 'Can it be trusted?', 'Trials']) {
        await page.getByRole('heading', { name: title, exact: true }).waitFor();
      }
      await page.getByText('14 of 14').waitFor();
      await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
      const charts = page.locator('.chart');
      const count = await charts.count();
      assert.ok(count >= 9, `${count} charts`); // history, 3 slices, trust, parallel, 3 scatters, curves, distribution
      for (let i = 0; i < count; i += 1) {
        await charts.nth(i).scrollIntoViewIfNeeded();
        await charts.nth(i).locator('canvas').first().waitFor();
      }
      assert.notEqual(await findColour(page, '.chart-large canvas', '--accent'), null, 'the history is drawn');
      assert.notEqual(await findColour(page, '.slice canvas', '--accent'), null, 'the slices are drawn');
      const last = page.locator('.data-table tbody tr', { has: page.locator('a[href$="/trials/14"]') });
      await last.locator('a').click();
      await page.waitForFunction(() => location.hash.endsWith('/trials/14'));
      await page.locator('.data-table tr[aria-current=true]').waitFor();
      await assertAccessible(page);
      if (pictures) await page.screenshot({ path: join(pictures, `report-${scheme}.png`), fullPage: true });
    });
  });
}

test('a report names no address and is as large as the page and the trials', options, () => {
  const html = readFileSync(report, 'utf8');
  assert.match(html, /Content-Security-Policy" content="default-src 'none'; script-src 'sha256-[^"' ]+='; style-src/);
  assert.doesNotMatch(html.replace(/<script[\s\S]*/, ''), /https?:|src=|href=/);
  assert.ok(statSync(report).size < 900_000, `${statSync(report).size} bytes`);
});

test('the same comes out of the store', options, async () => {
  const again = join(folder, 'again.html');
  const id = JSON.parse(execFileSync(krige, ['study', 'list', '--store', store, '--json'], { timeout: 60_000 }))
    .studies[0].id;
  execFileSync(krige, ['study', 'export', id, '--store', store, '--html', '--output', again], { timeout: 60_000 });
  const answers = (path) =>
    JSON.parse(/id="krige-report">(.*?)<\/script>/.exec(readFileSync(path, 'utf8'))[1]).answers;
  assert.deepEqual(Object.keys(answers(again)), Object.keys(answers(report)));
  await opened(again, 'light', (page) => page.locator('.page-head [data-state=COMPLETED]').waitFor());
});
