import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import type { LogPart } from '../../../web/src/api/client';
import { lastCharacters, type LogFrom, LogTail } from '../../../web/src/store/log_tail';
import { FakeTimers } from './fake_timers';

const timers = new FakeTimers();
beforeEach(() => timers.install());
afterEach(() => timers.restore());

// A log as the server has it, which answers each question when the test says so.
class Source {
  bytes = new Uint8Array();
  readonly asked: LogFrom[] = [];
  failure: Error | null = null;
  most = 1 << 20;

  print(text: string | Uint8Array): void {
    const more = typeof text === 'string' ? new TextEncoder().encode(text) : text;
    const all = new Uint8Array(this.bytes.length + more.length);
    all.set(this.bytes);
    all.set(more, this.bytes.length);
    this.bytes = all;
  }

  readonly read = async (from: LogFrom): Promise<LogPart> => {
    this.asked.push(from);
    if (this.failure) throw this.failure;
    const offset = 'tail' in from ? Math.max(0, this.bytes.length - from.tail) : from.offset;
    return { bytes: this.bytes.slice(offset, offset + this.most), offset, size: this.bytes.length };
  };
}

const settle = async (): Promise<void> => {
  for (let i = 0; i < 20; i += 1) await Promise.resolve();
};

test('what is printed comes by and by, from where the last answer ended', async () => {
  const source = new Source();
  source.print('one\n');
  const tail = new LogTail(source.read, true);
  await settle();
  assert.equal(tail.text.value, 'one\n');
  source.print('two\n');
  timers.tick(1000);
  await settle();
  assert.equal(tail.text.value, 'one\ntwo\n');
  assert.deepEqual(source.asked.at(-1), { offset: 4 });
  assert.equal(tail.shortened.value, false);
  tail.close();
});

test('paused, nothing is asked for; resumed, what was missed comes', async () => {
  const source = new Source();
  const tail = new LogTail(source.read, true);
  await settle();
  tail.pause();
  source.print('missed\n');
  timers.tick(10_000);
  await settle();
  assert.deepEqual([source.asked.length, tail.text.value], [1, '']);
  tail.resume();
  await settle();
  assert.equal(tail.text.value, 'missed\n');
  tail.close();
});

test('once the attempt has ended the rest is read, and then no more', async () => {
  const source = new Source();
  source.most = 4; // a piece at a time
  const tail = new LogTail(source.read, true);
  await settle();
  source.print('the last words\n');
  tail.end();
  for (let i = 0; i < 10; i += 1) {
    await settle();
    timers.tick(0);
  }
  assert.equal(tail.text.value, 'the last words\n');
  const asked = source.asked.length;
  timers.tick(60_000);
  await settle();
  assert.equal(source.asked.length, asked);
  tail.close();
});

test('a letter that comes in two pieces is one, and colours of a terminal are none', async () => {
  const source = new Source();
  const bytes = new TextEncoder().encode('\u001b[32mσ²\u001b[0m 50 %\r51 %\r\n');
  source.print(bytes.slice(0, 6));
  const tail = new LogTail(source.read, true);
  await settle();
  source.print(bytes.slice(6));
  timers.tick(1000);
  await settle();
  assert.equal(tail.text.value, 'σ² 50 %\n51 %\n');
  tail.close();
});

test('of a long log the end is kept, from the beginning of a line', async () => {
  const source = new Source();
  const tail = new LogTail(source.read, true);
  await settle();
  const line = `${'x'.repeat(99)}\n`;
  for (let i = 0; i < 40; i += 1) {
    source.print(line.repeat(100));
    timers.tick(1000);
    await settle();
  }
  const kept = tail.text.value;
  assert.ok(kept.length <= 256 << 10 && kept.length > 250 << 10, `${kept.length}`);
  assert.equal(kept.length % line.length, 0);
  assert.equal(tail.shortened.value, true);
  assert.equal(lastCharacters('ab\ncd\nef', 5), 'cd\nef');
  assert.equal(lastCharacters('abcdef', 3), 'def', 'one endless line');
  tail.close();
});

test('where the beginning was lost meanwhile, what comes after stands alone', async () => {
  const source = new Source();
  source.print('early\n');
  const tail = new LogTail(source.read, true);
  await settle();
  source.print('late\n');
  const whole = source.read;
  const lossy = { read: async (): Promise<LogPart> => ({ ...(await whole({ offset: 8 })), offset: 8 }) };
  Object.assign(tail, { read: lossy.read });
  timers.tick(1000);
  await settle();
  assert.equal(tail.text.value, 'te\n');
  assert.equal(tail.shortened.value, true);
  tail.close();
});

test('an error is said, and asked again more and more seldom', async () => {
  const source = new Source();
  source.failure = new Error('The server cannot be reached.');
  const tail = new LogTail(source.read, true);
  await settle();
  assert.equal(tail.error.value, 'The server cannot be reached.');
  timers.tick(1999);
  await settle();
  assert.equal(source.asked.length, 1);
  source.failure = null;
  source.print('back\n');
  timers.tick(1);
  await settle();
  assert.deepEqual([tail.error.value, tail.text.value], ['', 'back\n']);
  tail.close();
});
