// Bundles every unit/*_test.ts, since node runs no TypeScript, and hands them to node's test runner.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { requireFromWeb } from './support/web_modules.mjs';

const folder = fileURLToPath(new URL('./unit', import.meta.url));
const sources = readdirSync(folder).filter((name) => name.endsWith('_test.ts'));
if (sources.length === 0) throw new Error(`no tests in ${folder}`);
const out = mkdtempSync(join(tmpdir(), 'krige-web-unit-'));
try {
  requireFromWeb('esbuild').buildSync({
    entryPoints: sources.map((name) => join(folder, name)),
    outdir: out,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node18',
    sourcemap: 'inline',
    logLevel: 'warning',
  });
  const tests = sources.map((name) => join(out, name.replace(/\.ts$/, '.mjs')));
  const node = ['--enable-source-maps', '--test', '--test-reporter=spec', ...tests];
  const env = { ...process.env, KRIGE_WEB_DIR: fileURLToPath(new URL('../../web', import.meta.url)) };
  const run = spawnSync(process.execPath, node, { stdio: 'inherit', timeout: 100_000, env });
  process.exitCode = run.status ?? 1;
} finally {
  rmSync(out, { recursive: true, force: true });
}
