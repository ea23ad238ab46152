// Chromium with the network of this machine only, and pages that remember everything a test must not find in them.
import { requireFromWeb } from './web_modules.mjs';

const deadlineMs = 15_000;

export async function launch() {
  const { chromium } = requireFromWeb('playwright-core');
  return chromium.launch({
    executablePath: process.env.KRIGE_CHROMIUM ?? '/usr/bin/chromium',
    headless: true,
    timeout: 30_000,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

// A page and what went wrong in it: errors, broken rules of the content security policy, requests to other origins.
// `expected` matches messages of the console that the test provokes.
export async function openPage(
  browser,
  origin,
  { scheme = 'light', expected = /$^/, width = 1440, height = 900 } = {},
) {
  const context = await browser.newContext({ colorScheme: scheme, viewport: { width, height } });
  context.setDefaultTimeout(deadlineMs);
  const page = await context.newPage();
  const faults = [];
  page.on('pageerror', (error) => faults.push(`error: ${error.message}`));
  page.on('console', (message) => {
    const bad = ['error', 'warning'].includes(message.type()) && !expected.test(message.text());
    if (bad) faults.push(`console: ${message.text()}`);
  });
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (url.origin !== origin && url.protocol !== 'data:') faults.push(`request: ${request.url()}`);
  });
  await page.exposeFunction('krigeReportViolation', (text) => faults.push(`policy: ${text}`));
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => {
      window.krigeReportViolation(
        `${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`,
      );
    });
  });
  return { page, faults, close: () => context.close() };
}

// The middle of the pixels of `colour` (a CSS custom property) on a canvas, in pixels of the page; null when there are
// none.
export async function findColour(page, selector, colour) {
  return page
    .locator(selector)
    .first()
    .evaluate((canvas, name) => {
      const value = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
      const wanted = [1, 3, 5].map((at) => parseInt(value.slice(at, at + 2), 16));
      const { data, width, height } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      let [x, y, found] = [0, 0, 0];
      for (let at = 0; at < data.length; at += 4) {
        if (data[at + 3] < 128 || wanted.some((part, i) => Math.abs(data[at + i] - part) > 24)) continue;
        x += (at / 4) % width;
        y += Math.floor(at / 4 / width);
        found += 1;
      }
      const box = canvas.getBoundingClientRect();
      if (found === 0) return null;
      return {
        x: box.x + (x / found / width) * box.width,
        y: box.y + (y / found / height) * box.height,
        pixels: found,
      };
    }, colour);
}
