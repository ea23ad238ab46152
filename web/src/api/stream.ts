// A stream of server-sent events that reconnects. EventSource's own retry gives up for good when the server answers
// with an error, and would ask again from the first sequence number; so each connection here is a new EventSource,
// opened at whatever point `url` names now, after a delay that grows while nothing answers.

// `polling`: streams are refused, and the server is asked instead.
export type Connection = 'connecting' | 'live' | 'polling' | 'retrying' | 'closed';

const openDeadlineMs = 10_000;
const firstDelayMs = 500;
const longestDelayMs = 15_000;
const pollMs = 2000;

export function retryDelayMs(failures: number): number {
  return Math.min(firstDelayMs * 2 ** Math.max(0, failures - 1), longestDelayMs);
}

export interface StreamOptions {
  url: () => string;
  types: readonly string[]; // names of the events to listen to
  onEvent: (type: string, data: unknown) => void;
  onConnection: (connection: Connection) => void;
  onOpen?: () => void;
  // Called before each attempt to reconnect: a place to catch up by plain requests where streams are refused.
  beforeRetry?: () => Promise<void>;
}

export class EventStream {
  private source: EventSource | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private failures = 0;
  private closed = false;
  private polled = false; // before the last try, with success

  constructor(private readonly options: StreamOptions) {
    options.onConnection('connecting');
    this.open();
  }

  close(): void {
    this.closed = true;
    this.drop();
    this.options.onConnection('closed');
  }

  // Opens anew at once, from where `url` points now.
  restart(): void {
    if (this.closed) return;
    this.drop();
    this.open();
  }

  private drop(): void {
    clearTimeout(this.timer);
    this.source?.close();
    this.source = null;
  }

  private open(): void {
    const source = new EventSource(this.options.url());
    this.source = source;
    this.timer = setTimeout(() => this.retryLater(), openDeadlineMs);
    source.onopen = () => {
      clearTimeout(this.timer);
      this.failures = 0;
      this.polled = false;
      this.options.onConnection('live');
      this.options.onOpen?.();
    };
    source.onerror = () => this.retryLater();
    for (const type of this.options.types) {
      source.addEventListener(type, (event) => {
        if (source === this.source) this.options.onEvent(type, JSON.parse((event as MessageEvent<string>).data));
      });
    }
  }

  // Gives the connection up and opens it anew after the delay.
  retryLater(): void {
    if (this.closed) return;
    this.drop();
    this.failures += 1;
    this.options.onConnection(this.polled ? 'polling' : 'retrying');
    this.timer = setTimeout(() => void this.retry(), this.polled ? pollMs : retryDelayMs(this.failures));
  }

  private async retry(): Promise<void> {
    // The first failure is most often a server that restarts: the events it kept are enough then.
    const { beforeRetry } = this.options;
    if (this.failures > 1 && beforeRetry) {
      this.polled = await beforeRetry().then(
        () => true,
        () => false,
      );
      if (this.polled && !this.closed) this.options.onConnection('polling');
    }
    if (!this.closed && this.source === null) this.open();
  }
}
