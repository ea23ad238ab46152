// One stream of events for all that a browser shows: it lives in a worker that the tabs share (live.ts), follows what any
// of them wants, and tells each its part, from the number that it has seen on, without a gap or a repeat.
import { pollEvents } from './client';
import { type Connection, EventStream } from './stream';
import type { Study, StudyEvent } from './types';

// What a tab wants to be told.
export interface Wish {
  list: boolean; // changes of every study
  studies: readonly { id: string; after: number }[]; // each event of these after a number
}

// Values as the server wrote them: whoever is told decodes them.
export type Told =
  | { kind: 'connection'; connection: Connection }
  | { kind: 'list' } // studies may have changed unseen: read them again
  | { kind: 'study'; study: Study }
  | { kind: 'deleted'; id: string }
  | { kind: 'event'; study: string; event: StudyEvent }
  | { kind: 'reset'; study: string }; // what happened after the number is gone: read the study again, and wish again

export interface Tab {
  tell: (told: Told) => void;
}

interface Followed {
  seq: number; // of the last event that came
  kept: StudyEvent[]; // the latest, for tabs whose snapshot is older
  keptAfter: number; // all after this one are kept
}

const mostKept = 2000;
const root = '/api/v1/events';
// A tab that goes from one page to the next leaves one wish and has another: the stream is opened anew once.
const settleMs = 300;

export class Hub {
  private readonly tabs = new Map<Tab, Wish>();
  private readonly studies = new Map<string, Followed>();
  private stream: EventStream | null = null;
  private connection: Connection = 'connecting';
  private carried = { list: false, studies: new Set<string>() }; // by the open stream
  private timer: ReturnType<typeof setTimeout> | undefined;

  wish(tab: Tab, wish: Wish): void {
    this.tabs.set(tab, wish);
    for (const { id, after } of wish.studies) this.catchUp(tab, id, after);
    tab.tell({ kind: 'connection', connection: this.connection });
    const lacks = (wish.list && !this.carried.list) || wish.studies.some(({ id }) => !this.carried.studies.has(id));
    // A tab that comes has perhaps just been let in, or the server is back.
    if (this.stream === null || lacks || this.connection === 'retrying') this.open();
  }

  leave(tab: Tab): void {
    if (!this.tabs.delete(tab)) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.shrink(), settleMs);
  }

  // Events that the stream has brought before the tab came.
  private catchUp(tab: Tab, id: string, after: number): void {
    const followed = this.studies.get(id);
    if (followed === undefined) {
      this.studies.set(id, { seq: after, kept: [], keptAfter: after });
    } else if (after < followed.keptAfter) {
      tab.tell({ kind: 'reset', study: id });
    } else {
      for (const event of followed.kept) if (event.seq > after) tab.tell({ kind: 'event', study: id, event });
    }
  }

  private wanted(): { list: boolean; studies: Set<string> } {
    const wishes = [...this.tabs.values()];
    return {
      list: wishes.some(({ list }) => list),
      studies: new Set(wishes.flatMap(({ studies }) => studies.map(({ id }) => id))),
    };
  }

  private open(): void {
    this.carried = this.wanted();
    for (const id of this.studies.keys()) if (!this.carried.studies.has(id)) this.studies.delete(id);
    if (this.stream !== null) return this.stream.restart();
    this.stream = new EventStream({
      url: () => this.url(),
      types: ['study', 'study_deleted', 'study_event', 'study_reset'],
      onEvent: (type, data) => this.receive(type, data),
      onConnection: (connection) => this.connected(connection),
      onOpen: () => this.tellWho({ kind: 'list' }, ({ list }) => list),
      beforeRetry: () => this.poll(),
    });
  }

  // Fewer wishes: the server need not send what nobody reads.
  private shrink(): void {
    const { list, studies } = this.wanted();
    if (this.tabs.size === 0) {
      this.stream?.close();
      this.stream = null;
      this.connection = 'connecting';
      this.studies.clear();
      this.carried = { list: false, studies: new Set() };
    } else if (list !== this.carried.list || studies.size !== this.carried.studies.size) {
      this.open();
    }
  }

  private url(): string {
    const studies = [...this.carried.studies].map((id) => `&study=${encodeURIComponent(`${id}:${this.seqOf(id)}`)}`);
    return `${root}?others=${this.carried.list}${studies.join('')}`;
  }

  private seqOf(id: string): number {
    return this.studies.get(id)?.seq ?? 0;
  }

  private tellWho(told: Told, who: (wish: Wish) => boolean): void {
    for (const [tab, wish] of this.tabs) if (who(wish)) tab.tell(told);
  }

  private connected(connection: Connection): void {
    this.connection = connection;
    this.tellWho({ kind: 'connection', connection }, () => true);
  }

  private receive(type: string, data: unknown): void {
    const follows = (id: string) => (wish: Wish) => wish.studies.some((study) => study.id === id);
    switch (type) {
      case 'study': {
        const study = data as Study;
        return this.tellWho({ kind: 'study', study }, (wish) => wish.list || follows(study.id)(wish));
      }
      case 'study_deleted': {
        const { id } = data as { id: string };
        return this.tellWho({ kind: 'deleted', id }, (wish) => wish.list || follows(id)(wish));
      }
      case 'study_event': {
        const { study, event } = data as { study: string; event: StudyEvent };
        if (this.keep(study, event)) this.tellWho({ kind: 'event', study, event }, follows(study));
        return;
      }
      case 'study_reset': {
        const { study, seq } = data as { study: string; seq: number };
        this.studies.set(study, { seq, kept: [], keptAfter: seq });
        this.tellWho({ kind: 'reset', study }, follows(study));
      }
    }
  }

  // Whether the event is new.
  private keep(study: string, event: StudyEvent): boolean {
    const followed = this.studies.get(study);
    if (followed === undefined || event.seq <= followed.seq) return false;
    followed.seq = event.seq;
    followed.kept.push(event);
    if (followed.kept.length > mostKept) {
      const dropped = followed.kept.splice(0, mostKept / 2);
      followed.keptAfter = dropped.at(-1)?.seq ?? followed.keptAfter;
    }
    return true;
  }

  // Where the server refuses streams, because too many are open, it is asked instead.
  private async poll(): Promise<void> {
    for (const id of [...this.carried.studies]) {
      const { study, events, reset } = await pollEvents(id, this.seqOf(id));
      if (study === null) this.receive('study_deleted', { id });
      else if (reset) this.receive('study_reset', { study: id, seq: study.seq });
      for (const event of events) this.receive('study_event', { study: id, event });
      if (study !== null) this.receive('study', study);
    }
    this.tellWho({ kind: 'list' }, ({ list }) => list);
  }
}
