import { useState } from 'preact/hooks';
import { signIn } from '../api/client';
import { Alert } from '../components/notices';

export function SignInPage() {
  const [failure, setFailure] = useState('');
  const [waiting, setWaiting] = useState(false);

  async function submit(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const token = String(new FormData(event.currentTarget as HTMLFormElement).get('token') ?? '').trim();
    setWaiting(true);
    try {
      await signIn(token);
    } catch (error) {
      setFailure(error instanceof Error ? error.message : String(error));
      setWaiting(false);
    }
  }

  return (
    <main class="page">
      <form class="panel sign-in" onSubmit={(event) => void submit(event)}>
        <h1>Sign in</h1>
        <label for="token">Token</label>
        <input id="token" name="token" type="password" autocomplete="current-password" required />
        <p class="muted">
          The token of this machine is in the file <code>token</code> of the service's data directory; others are made
          by <code>krige token create</code>.
        </p>
        {failure && <Alert>{failure}</Alert>}
        <button type="submit" class="button" disabled={waiting}>
          Sign in
        </button>
      </form>
    </main>
  );
}
