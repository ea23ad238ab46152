import type { ComponentChildren } from 'preact';
import type { Connection } from '../api/stream';

export function ConnectionStatus({ connection }: { connection: Connection }) {
  const lost = connection === 'retrying';
  return (
    <p class={`connection ${lost ? 'connection-lost' : ''}`} role="status" data-connection={connection}>
      {lost ? 'Connection lost, retrying …' : connection === 'live' ? 'Live' : 'Connecting …'}
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
