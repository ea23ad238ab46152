// What axe-core finds wrong with a page, with everything that folds opened.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { requireFromWeb } from './web_modules.mjs';

const source = readFileSync(requireFromWeb.resolve('axe-core/axe.min.js'), 'utf8');

export async function assertAccessible(page) {
  await page.evaluate(() => {
    for (const folded of document.querySelectorAll('details')) folded.open = true;
  });
  await page.evaluate(source);
  const violations = await page.evaluate(async () => {
    const found = await window.axe.run(document, { resultTypes: ['violations'] });
    return found.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
  });
  assert.deepEqual(violations, [], page.url());
}
