// Who this browser is to the server.
import { effect, signal } from '@preact/signals';
import * as api from '../api/client';

export const session = signal<api.Session | null>(null);

// Asks again whenever the browser was signed in.
export function startSession(): void {
  effect(() => {
    session.value = null;
    if (api.signedOut.value) return;
    // Where it is not known who asks, there is nobody to sign out; the page's own calls say what is wrong.
    api.getSession().then(
      (answer) => (session.value = answer),
      () => undefined,
    );
  });
}
