// node screenshots.mjs BIN_DIR OUT: pictures of the study page, light and dark, after the digits study has run.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { launch, openPage } from '../../web/support/browser.mjs';
import { Service } from './serve.mjs';

const [binDir, out] = process.argv.slice(2);
const service = await new Service(binDir).start();
const browser = await launch();
try {
  const { id } = await service.call('/studies', service.study('examples/digits.yaml'));
  for (const [scheme, file] of [
    ['light', 'dashboard.png'],
    ['dark', 'dashboard-dark.png'],
  ]) {
    const { page, close } = await openPage(browser, service.origin, { scheme, width: 1360, height: 1020 });
    await service.signIn(page.context());
    await page.goto(`${service.origin}/studies/${id}`);
    await page.locator('.page-head [data-state=COMPLETED]').waitFor({ timeout: 300_000 });
    const best = (await service.call(`/studies/${id}`)).best.trial;
    await page.goto(`${service.origin}/studies/${id}/trials/${best}`);
    await page.locator('.trial-panel canvas').first().waitFor();
    // The charts grow into place: the picture is taken when two in a row are the same.
    let [before, picture] = [Buffer.alloc(0), await page.screenshot()];
    for (let tries = 0; tries < 20 && !before.equals(picture); tries += 1) {
      [before, picture] = [picture, await page.screenshot()];
    }
    writeFileSync(join(out, file), picture);
    await close();
  }
} finally {
  await browser.close();
  await service.stop();
}
