// node screenshots.mjs BIN_DIR OUT: pictures of every page, from studies that run now: the digits by the built-in
// trainer, Forrester's function and Branin's by a worker outside.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { launch, openPage } from '../../web/support/browser.mjs';
import { forresterStudy, work } from './forrester.mjs';
import { Service } from './serve.mjs';

const [binDir, out] = process.argv.slice(2);
const service = await new Service(binDir).start();
const browser = await launch();

// `part`: what of the page is taken; without it all that is in view.
async function take(file, path, { scheme = 'light', height = 1020, ready, part }) {
  const { page, close } = await openPage(browser, service.origin, { scheme, width: 1360, height });
  await service.signIn(page.context());
  await page.goto(service.origin + path);
  await page.locator(ready).first().waitFor();
  // Charts and answers come in one after the other: the picture is taken when three in a row are the same.
  let [same, last] = [0, Buffer.alloc(0)];
  for (let tries = 0; tries < 40 && same < 2; tries += 1) {
    const picture = await (part ? page.locator(part) : page).screenshot();
    same = last.equals(picture) ? same + 1 : 0;
    last = picture;
    await page.waitForTimeout(200);
  }
  writeFileSync(join(out, file), last);
  await close();
}

const branin = ({ a, b }) =>
  (b - (5.1 / (4 * Math.PI ** 2)) * a * a + (5 / Math.PI) * a - 6) ** 2 +
  10 * (1 - 1 / (8 * Math.PI)) * Math.cos(a) +
  10;
const braninStudy = (method) => ({
  name: `branin, ${method}`,
  metric: { name: 'loss', goal: 'minimize' },
  method,
  seed: 4,
  parameters: { a: { type: 'float', min: -5, max: 10 }, b: { type: 'float', min: 0, max: 15 } },
  budget: { max_trials: 30 },
});

async function ended(id, ms) {
  const deadline = Date.now() + ms;
  while ((await service.call(`/studies/${id}`)).state !== 'COMPLETED') {
    if (Date.now() > deadline) throw new Error('the study takes too long');
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}

try {
  const digits = await service.call('/studies', service.study('examples/digits.yaml'));
  const forrester = await service.call('/studies', forresterStudy('forrester', 20));
  await work(service, forrester.id, 8);
  const compared = [];
  for (const method of ['gp', 'cmaes', 'random']) {
    const { id } = await service.call('/studies', braninStudy(method));
    await work(service, id, 30, branin);
    compared.push(id);
  }
  await ended(digits.id, 500_000);
  const { trials } = await service.call(`/studies/${digits.id}/trials`);
  const chosen = trials.filter(({ suggestion }) => suggestion.mean !== undefined); // by the model: it says why
  const best = chosen.reduce((a, b) => (b.value > a.value ? b : a)).id;
  for (const [scheme, ending] of [
    ['light', ''],
    ['dark', '-dark'],
  ]) {
    const study = `/studies/${digits.id}`;
    await take(`dashboard${ending}.png`, `${study}/trials/${best}`, { scheme, ready: '.trial-panel canvas' });
    await take(`model${ending}.png`, `/studies/${forrester.id}/model`, { scheme, ready: '[data-next]', height: 700 });
  }
  await take('trial.png', `/studies/${digits.id}/trials/${best}/details`, { ready: '.log', height: 1180 });
  const timeline = '.panel:has(#timeline-title)';
  await take('timeline.png', `/studies/${digits.id}`, { ready: '.timeline canvas', height: 2000, part: timeline });
  await take('model-digits.png', `/studies/${digits.id}/model`, { ready: '.heat-bar', height: 1500 });
  await take('explore.png', `/studies/${digits.id}/explore`, { ready: '#curves-title', height: 1500 });
  await take('compare.png', `/compare/${compared.join(',')}`, { ready: 'canvas', height: 740 });
  await take('studies.png', '/', { ready: '[data-connection=live]', height: 520 });
} finally {
  await browser.close();
  await service.stop();
}
