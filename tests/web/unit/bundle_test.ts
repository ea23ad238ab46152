// The bundle as it ships: small enough, and nothing in it that a strict content security policy or a closed network
// forbids.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';

const web = process.env.KRIGE_WEB_DIR as string;
let dist: string;

before(() => {
  dist = mkdtempSync(join(tmpdir(), 'krige-web-bundle-'));
  execFileSync(process.execPath, [join(web, 'build.mjs'), dist], { timeout: 60_000 });
});
after(() => rmSync(dist, { recursive: true, force: true }));

// Of the dashboard, or of reports, which are files of their own.
const contents = (ofReports = false): Buffer[] =>
  ['.', 'assets'].flatMap((folder) =>
    readdirSync(join(dist, folder), { withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.startsWith('report-') === ofReports)
      .map((entry) => readFileSync(join(dist, folder, entry.name))),
  );

const compressed = (files: readonly Buffer[]): number =>
  files.reduce((sum, content) => sum + gzipSync(content).length, 0);

test('is below 400 KB when compressed, the script of reports below 300', () => {
  const bytes = compressed(contents());
  assert.ok(bytes > 50_000 && bytes < 400_000, `${bytes} bytes`);
  assert.ok(compressed(contents(true)) < 300_000);
});

test('the first view needs little of it: what the page names, without the charts', () => {
  const page = readFileSync(join(dist, 'index.html'), 'utf8');
  const named = [...page.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, path]) => path as string);
  const first = compressed(named.map((path) => readFileSync(join(dist, path))));
  assert.ok(first < 60_000, `${first} bytes`);
  const loaded = named.map((path) => readFileSync(join(dist, path), 'utf8'));
  assert.ok(!loaded.some((text) => /from"\.\/echarts-/.test(text)), 'charts are imported when they are needed only');
});

test('a report is one script, which imports nothing', () => {
  const name = readdirSync(join(dist, 'assets')).find((file) => /^report-.*\.js$/.test(file)) as string;
  assert.doesNotMatch(readFileSync(join(dist, 'assets', name), 'utf8'), /\bimport\(|^import[ {"]|\bfrom"\.\//m);
});

test('the page has no inline script or style and loads from its own origin only', () => {
  const page = readFileSync(join(dist, 'index.html'), 'utf8');
  assert.doesNotMatch(page, /<style|style=|\son\w+=|https?:|\{\{/);
  for (const [, attributes] of page.matchAll(/<script([^>]*)>/g)) assert.match(attributes as string, /src="\/assets\//);
});

test('the style sheet loads nothing', () => {
  const style = readdirSync(join(dist, 'assets')).find((name) => name.endsWith('.css')) as string;
  assert.doesNotMatch(readFileSync(join(dist, 'assets', style), 'utf8'), /url\(|@import|https?:/);
});

// As it does in a report.
test('script and style can stand within a page', () => {
  for (const name of readdirSync(join(dist, 'assets')).filter((name) => /\.(js|css)$/.test(name))) {
    assert.doesNotMatch(readFileSync(join(dist, 'assets', name), 'utf8'), /<\/(script|style)|<!--/i, name);
  }
});

test('the lockfile names no address, so that any registry can serve it', () => {
  assert.doesNotMatch(readFileSync(join(web, 'package-lock.json'), 'utf8'), /https?:/);
});
