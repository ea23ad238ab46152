// How long the pages of a long study take, in a real browser on the real service: node bench/dashboard.mjs BIN_DIR
// [trials=10000] [runs=3]. Prints JSON: of each page the median of the runs, in milliseconds from the beginning of the
// navigation until its main content is drawn, and how much of it the page's own scripts, layout and all tasks of its
// thread took; the requests and bytes it cost, and how much of them is script. Every run has an empty cache.
import { launch, openPage } from '../tests/web/support/browser.mjs';
import { digits, generator } from '../tests/web/support/scenario.mjs';
import { Service } from '../tests/e2e/support/serve.mjs';

const [binDir, count = '10000', runs = '3'] = process.argv.slice(2);
const trials = Number(count);
const atOnce = 16;
const pauseMs = 500;

const pages = (study) => [
  { name: 'studies', path: '/', ready: '[data-study]' },
  { name: 'overview', path: `/studies/${study}`, ready: '.data-table .trial-link', canvas: '.chart-large canvas' },
  { name: 'explore', path: `/studies/${study}/explore`, ready: '.parallel-handle', canvas: '.parallel-canvas' },
];

async function fill(service, id) {
  const random = generator(5);
  let begun = 0;
  // The service takes so many calls of a token a second, and says so.
  const add = (trial) =>
    service.call(`/studies/${id}/trials`, trial).catch(async (error) => {
      if (!String(error).includes('rate_limited')) throw error;
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
      return add(trial);
    });
  const worker = async () => {
    while (begun < trials) {
      begun += 1;
      const params = {
        learning_rate: 10 ** (-4 * random()),
        hidden: 16 + Math.floor(random() * 241),
        batch_size: [16, 32, 64, 128][Math.floor(4 * random())],
        optimizer: ['sgd', 'adagrad', 'adam'][Math.floor(3 * random())],
        mode: ['bsp', 'ssp', 'asp'][Math.floor(3 * random())],
      };
      const end = random() < 0.05 ? { state: 'FAILED', reason: 'out of memory' } : { value: 0.5 + 0.45 * random() };
      await add({ params, ...end });
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

// Whether something is drawn on the canvas.
const drawn = (selector) => {
  const canvas = document.querySelector(selector);
  if (!canvas || canvas.width === 0) return false;
  const small = new OffscreenCanvas(24, 24).getContext('2d', { willReadFrequently: true });
  small.drawImage(canvas, 0, 0, 24, 24);
  return small.getImageData(0, 0, 24, 24).data.some((part) => part !== 0);
};

async function measure(browser, service, { path, ready, canvas }) {
  const { page, faults, close } = await openPage(browser, service.origin);
  await service.signIn(page.context());
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable');
  await page.goto(service.origin + path, { waitUntil: 'commit' });
  await page.locator(ready).first().waitFor({ timeout: 120_000 });
  if (canvas) await page.waitForFunction(drawn, canvas, { polling: 'raf', timeout: 120_000 });
  const milliseconds = await page.evaluate(() => performance.now());
  const { metrics } = await session.send('Performance.getMetrics');
  const took = (name) => 1000 * metrics.find((metric) => metric.name === name).value;
  const loaded = await page.evaluate(() =>
    performance.getEntriesByType('resource').map(({ name, decodedBodySize }) => ({ name, size: decodedBodySize })),
  );
  const sum = (list) => list.reduce((all, { size }) => all + size, 0);
  if (faults.length > 0) throw new Error(faults.join('\n'));
  await close();
  return {
    milliseconds,
    script_ms: took('ScriptDuration'),
    layout_ms: took('LayoutDuration') + took('RecalcStyleDuration'),
    task_ms: took('TaskDuration'),
    requests: loaded.length,
    kilobytes: sum(loaded) / 1024,
    script_kilobytes: sum(loaded.filter(({ name }) => name.endsWith('.js'))) / 1024,
  };
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return Math.round(sorted[Math.floor((sorted.length - 1) / 2)]);
}

const service = await new Service(binDir).start();
const browser = await launch();
try {
  const { id } = await service.call('/studies', { ...digits('long', trials + 1), method: 'random' });
  await fill(service, id);
  const found = {};
  for (const page of pages(id)) {
    const all = [];
    for (let run = 0; run < Number(runs); run += 1) all.push(await measure(browser, service, page));
    found[page.name] = Object.fromEntries(Object.keys(all[0]).map((key) => [key, median(all.map((one) => one[key]))]));
  }
  console.log(JSON.stringify({ trials, runs: Number(runs), pages: found }, null, 2));
} finally {
  await browser.close();
  await service.stop();
}
