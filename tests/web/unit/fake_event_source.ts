// EventSource under the test's control.
export class FakeEventSource {
  static all: FakeEventSource[] = [];
  onopen: (() => void) | null = null;
  onerror: (() => void) | null = null;
  closed = false;
  private readonly listeners = new Map<string, (event: { data: string }) => void>();
  constructor(readonly url: string) {
    FakeEventSource.all.push(this);
  }
  addEventListener(type: string, listener: (event: { data: string }) => void): void {
    this.listeners.set(type, listener);
  }
  close(): void {
    this.closed = true;
  }
  send(type: string, data: object): void {
    if (!this.closed) this.listeners.get(type)?.({ data: JSON.stringify(data) });
  }
}

// The stream that was opened last.
export const lastStream = (): FakeEventSource => FakeEventSource.all.at(-1) as FakeEventSource;
