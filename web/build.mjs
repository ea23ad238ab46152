// Bundles the dashboard into a folder: node build.mjs [folder], default dist. Names carry a hash of their content, so
// that a browser may keep them for ever; index.html names those that the first view needs.
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = dirname(fileURLToPath(import.meta.url));
const out = resolve(process.argv[2] ?? join(root, 'dist'));

await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });

const bundle = async (options) => {
  const { metafile } = await build({
    absWorkingDir: root,
    outdir: join(out, 'assets'),
    entryNames: '[name]-[hash]',
    chunkNames: '[name]-[hash]',
    bundle: true,
    minify: true,
    format: 'esm',
    target: ['chrome120', 'firefox121', 'safari17'],
    legalComments: 'linked',
    define: { 'process.env.NODE_ENV': '"production"', ...options.define },
    jsx: 'automatic',
    jsxImportSource: 'preact',
    metafile: true,
    logLevel: 'warning',
    ...options.more,
    entryPoints: options.entryPoints,
  });
  return metafile.outputs;
};
const address = (path) => `/assets/${basename(path)}`;
const entry = (outputs, source) => Object.keys(outputs).find((path) => outputs[path].entryPoint === source);

const worker = await bundle({ entryPoints: { live: 'src/live_worker.ts' }, define: { krigeLiveWorker: '""' } });
await bundle({ entryPoints: { report: 'src/report.tsx' }, define: { krigeLiveWorker: '""' } });
const pages = await bundle({
  entryPoints: { app: 'src/main.tsx', style: 'src/styles/main.css' },
  define: { krigeLiveWorker: JSON.stringify(address(entry(worker, 'src/live_worker.ts'))) },
  more: { splitting: true },
});
const script = entry(pages, 'src/main.tsx');
const needed = pages[script].imports.filter(({ kind }) => kind === 'import-statement').map(({ path }) => path);
const preloads = needed.map((path) => `<link rel="modulepreload" href="${address(path)}" />`).join('\n    ');
const page = (await readFile(join(root, 'src/index.html'), 'utf8'))
  .replace('{{script}}', address(script))
  .replace('{{style}}', address(entry(pages, 'src/styles/main.css')))
  .replace('{{preloads}}', preloads);
await writeFile(join(out, 'index.html'), page);
await copyFile(join(root, 'src/favicon.svg'), join(out, 'favicon.svg'));
