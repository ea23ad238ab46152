// The real service on a free port, over a data directory of its own.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../..', import.meta.url));

export class Service {
  constructor(binDir) {
    this.krige = join(binDir, 'krige');
    this.dataDir = mkdtempSync(join(tmpdir(), 'krige-e2e-'));
  }

  async start() {
    this.process = spawn(
      this.krige,
      ['serve', '--listen', '127.0.0.1:0', '--data-dir', this.dataDir, '--data-root', join(root, 'examples')],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    this.ended = new Promise((resolve) => this.process.once('exit', resolve));
    for await (const line of createInterface({ input: this.process.stdout })) {
      const found = /http:\/\/[^\s/]+/.exec(line);
      if (found) this.origin = found[0];
      break;
    }
    if (!this.origin) throw new Error('the service did not start');
    return this;
  }

  // The canonical form of a study file, with `change` applied.
  study(file, change = (study) => study) {
    const canonical = execFileSync(this.krige, ['validate', '--json', join(root, file)], { timeout: 30_000 });
    return change(JSON.parse(canonical));
  }

  async call(path, body) {
    const response = await fetch(`${this.origin}/api/v1${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.timeout(30_000),
    });
    const answer = await response.json();
    if (!response.ok) throw new Error(`${path}: ${JSON.stringify(answer)}`);
    return answer;
  }

  async stop() {
    this.process?.kill('SIGTERM');
    await this.ended;
    rmSync(this.dataDir, { recursive: true, force: true });
  }
}
