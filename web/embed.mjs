// Writes a bundle as a C++ source: node embed.mjs <folder of build.mjs> <source to write>.
import { createHash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { extname, join, posix, relative, sep } from 'node:path';

const [folder, source] = process.argv.slice(2);
if (!source) throw new Error('usage: node embed.mjs <folder> <source>');

const contentTypes = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
};

async function filesBelow(directory) {
  const entries = await readdir(directory, { withFileTypes: true });
  const nested = entries.map((entry) => {
    const path = join(directory, entry.name);
    return entry.isDirectory() ? filesBelow(path) : [path];
  });
  return (await Promise.all(nested)).flat();
}

// Octal escapes of three digits never run into the character that follows. A question mark is escaped against
// trigraphs.
const escapes = Array.from({ length: 256 }, (_, byte) => {
  const plain = byte >= 0x20 && byte < 0x7f && !'"\\?'.includes(String.fromCharCode(byte));
  return plain ? String.fromCharCode(byte) : `\\${byte.toString(8).padStart(3, '0')}`;
});
const bytesPerLine = 16384;

function literal(bytes) {
  const lines = [];
  for (let start = 0; start < bytes.length; start += bytesPerLine) {
    lines.push(`"${Array.from(bytes.subarray(start, start + bytesPerLine), (byte) => escapes[byte]).join('')}"`);
  }
  return lines.join('\n') || '""';
}

const assets = [];
for (const file of await filesBelow(folder)) {
  const content = await readFile(file);
  const path = posix.join('/', relative(folder, file).split(sep).join('/'));
  const type = contentTypes[extname(file)];
  if (!type) throw new Error(`${path}: no content type is known for it`);
  const digest = createHash('sha256').update(content).digest();
  assets.push({ path, type, etag: digest.toString('hex').slice(0, 32), sha256: digest.toString('base64'), content });
}
assets.sort((a, b) => (a.path < b.path ? -1 : 1));

const arrays = assets.map(({ content }, i) => `constexpr char content_${i}[] =\n${literal(content)};`);
const rows = assets.map(
  ({ path, type, etag, sha256, content }, i) =>
    `    {"${path}", "${type}", "\\"${etag}\\"", "${sha256}", {content_${i}, ${content.length}}},`,
);
const text = `// Made by web/embed.mjs from the bundle of the dashboard.
#include "web/assets.h"

namespace krige::web {
namespace {

${arrays.join('\n')}

constexpr Asset all[] = {
${rows.join('\n')}
};

}  // namespace

std::span<const Asset> assets() { return all; }

}  // namespace krige::web
`;
await writeFile(source, text);
