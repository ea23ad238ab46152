// Who this browser is to the server, and what it may do.
import { effect, signal } from '@preact/signals';
import * as api from '../api/client';

const roles = ['viewer', 'operator', 'admin'] as const;
export type Role = (typeof roles)[number];

export const session = signal<api.Session | null>(null);

// Asks again whenever the browser was signed in.
export function startSession(): void {
  effect(() => {
    session.value = null;
    if (api.signedOut.value) return;
    api.getSession().then(
      (answer) => (session.value = answer),
      // It is not known who asks: there is nobody to sign out, and the server itself refuses what is not allowed.
      () => (session.value = { name: '', role: '' }),
    );
  });
}

// Whether this browser may do what needs the role; not before it is known who it is.
export function may(role: Role): boolean {
  if (session.value === null) return false;
  const held = roles.indexOf(session.value.role as Role);
  return held < 0 || held >= roles.indexOf(role);
}
