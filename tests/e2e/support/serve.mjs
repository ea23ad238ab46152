// The real service on a free port, over a data directory of its own.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
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
      const login = /http:\/\/\S+\/login\S+/.exec(line);
      if (login) this.login = login[0]; // signs one browser in
      this.origin ??= /http:\/\/[^\s/]+/.exec(line)?.[0];
      if (this.login) break;
    }
    if (!this.login) throw new Error('the service did not start');
    this.token = readFileSync(join(this.dataDir, 'token'), 'utf8').trim();
    return this;
  }

  // A token of its own for `name`.
  createToken(name, role) {
    const asked = ['token', '--data-dir', this.dataDir, 'create', name, '--role', role];
    return execFileSync(this.krige, asked, { timeout: 30_000, encoding: 'utf8' }).trim();
  }

  // Gives the browser's context the cookie that signing in by the page's form would.
  async signIn(context, token = this.token) {
    const answer = await context.request.post(`${this.origin}/api/v1/session`, { data: { token } });
    if (!answer.ok()) throw new Error(`cannot sign in: ${await answer.text()}`);
  }

  // The canonical form of a study file, with `change` applied.
  study(file, change = (study) => study) {
    const canonical = execFileSync(this.krige, ['validate', '--json', join(root, file)], { timeout: 30_000 });
    return change(JSON.parse(canonical));
  }

  async call(path, body, method = body === undefined ? 'GET' : 'POST') {
    const response = await fetch(`${this.origin}/api/v1${path}`, {
      method,
      headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${this.token}` },
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
