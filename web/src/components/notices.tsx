import type { ComponentChildren } from 'preact';
import type { Connection } from '../api/stream';

const words: Record<Connection, string> = {
  connecting: 'Connecting …',
  live: 'Live',
  polling: 'Live, every 2 s',
  retrying: 'Connection lost, retrying …',
  closed: 'Closed',
};

export function ConnectionStatus({ connection }: { connection: Connection }) {
  const lost = connection === 'retrying';
  return (
    <p class={`connection ${lost ? 'connection-lost' : ''}`} role="status" data-connection={connection}>
      {words[connection]}
    </p>
  );
}

export function Alert({ children }: { children: ComponentChildren }) {
  return (
    <p class="alert" role="alert">
      {children}
    </p>
  );
}

export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {children}
    </div>
  );
}
