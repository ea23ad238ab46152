// The end of what an attempt prints, followed as it grows: asked for again and again, of which so much is kept as a
// person can look through.
import { signal } from '@preact/signals';
import type { LogPart } from '../api/client';

export type LogFrom = { tail: number } | { offset: number };

const keptCharacters = 256 << 10;
const firstBytes = 64 << 10;
const pauseMs = 1000;
const longestPauseMs = 15_000;

// Colours of a terminal (ECMA-48, CSI and OSC sequences), and bars of progress that overwrite their line.
// eslint-disable-next-line no-control-regex
const terminalCodes = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?)/g;
const plain = (text: string): string => text.replace(terminalCodes, '').replace(/\r+\n?/g, '\n');

// The end of a text, from the beginning of a line.
export function lastCharacters(text: string, most: number): string {
  if (text.length <= most) return text;
  const cut = text.length - most;
  const line = text.indexOf('\n', cut - 1);
  return text.slice(line < 0 ? cut : line + 1);
}

export class LogTail {
  readonly text = signal('');
  readonly size = signal<number | null>(null); // of the log, in bytes; null: nothing was answered yet
  readonly shortened = signal(false); // whether what is shown is not all that was printed
  readonly following = signal(true);
  readonly error = signal('');

  private decoder = new TextDecoder();
  private next: number | null = null; // where what was not read yet begins
  private failures = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private asking = false;
  private readonly closing = new AbortController();

  // `grows`: false once the attempt has ended; what there is is then read to its end.
  constructor(
    private readonly read: (from: LogFrom, abort: AbortSignal) => Promise<LogPart>,
    private grows: boolean,
  ) {
    void this.ask();
  }

  close(): void {
    this.closing.abort();
    clearTimeout(this.timer);
  }

  pause(): void {
    this.following.value = false;
    clearTimeout(this.timer);
  }

  resume(): void {
    this.following.value = true;
    void this.ask();
  }

  // The attempt has ended: what it printed last is read, and then no more.
  end(): void {
    if (!this.grows) return;
    this.grows = false;
    if (this.following.value) void this.ask();
  }

  private async ask(): Promise<void> {
    if (this.asking || this.closing.signal.aborted) return;
    clearTimeout(this.timer);
    this.asking = true;
    const grew = this.grows;
    try {
      const from = this.next === null ? { tail: firstBytes } : { offset: this.next };
      this.take(await this.read(from, this.closing.signal));
      this.failures = 0;
      this.error.value = '';
    } catch (error) {
      if (this.closing.signal.aborted) return;
      this.failures += 1;
      this.error.value = error instanceof Error ? error.message : String(error);
    } finally {
      this.asking = false;
    }
    const behind = this.next === null || this.next < (this.size.value ?? 0);
    if (this.following.value && (grew || this.grows || behind || this.failures > 0)) {
      const wait = behind && this.failures === 0 ? 0 : Math.min(pauseMs * 2 ** this.failures, longestPauseMs);
      this.timer = setTimeout(() => void this.ask(), wait);
    }
  }

  private take({ bytes, offset, size }: LogPart): void {
    const gap = this.next === null ? offset > 0 : offset !== this.next;
    if (gap) {
      // What lies between was lost to the log's own limit, or is left out for its size.
      this.decoder = new TextDecoder();
      this.shortened.value = true;
      this.text.value = '';
    }
    this.next = offset + bytes.length;
    this.size.value = size;
    if (bytes.length === 0) return;
    const all = this.text.value + plain(this.decoder.decode(bytes, { stream: true }));
    this.text.value = lastCharacters(all, keptCharacters);
    if (this.text.value.length < all.length) this.shortened.value = true;
  }
}
