import { render } from 'preact';
import { signedOut, signOut } from './api/client';
import { lazily } from './components/lazy';
import { Empty } from './components/notices';
import { SignInPage } from './pages/sign_in_page';
import { StudiesPage } from './pages/studies_page';
import { StudyPage } from './pages/study/study_page';
import { route, startRouter } from './router';
import { session, startSession } from './store/session';
import { startTheme, theme, toggleTheme } from './theme';

const ComparePage = lazily(async () => (await import('./pages/compare/compare_page')).ComparePage);

function ThemeToggle() {
  const dark = theme.value === 'dark';
  return (
    <button
      type="button"
      class="icon-button"
      aria-label={dark ? 'Use light colours' : 'Use dark colours'}
      title={dark ? 'Light' : 'Dark'}
      onClick={toggleTheme}
    >
      <svg class="theme-icon" viewBox="0 0 16 16" aria-hidden="true">
        {dark ? (
          <path d="M8 4.8a3.2 3.2 0 1 0 .01 0zM8 .8v1.6M8 13.6v1.6M.8 8h1.6M13.6 8h1.6M2.9 2.9L4 4M12 12l1.1 1.1M2.9 13.1L4 12M12 4l1.1-1.1" />
        ) : (
          <path d="M13.5 9.7A6 6 0 0 1 6.3 2.5a6 6 0 1 0 7.2 7.2z" />
        )}
      </svg>
    </button>
  );
}

// Only for who has a token: without authentication there is nobody to sign out.
function SignOut() {
  const who = session.value;
  if (!who || who.name === 'anonymous') return null;
  return (
    <button
      type="button"
      class="button"
      title={`Signed in by the token ${who.name}, role ${who.role}`}
      onClick={() => void signOut().catch(() => undefined)}
    >
      Sign out
    </button>
  );
}

function Page() {
  const current = route.value;
  switch (current.page) {
    case 'studies':
      return <StudiesPage />;
    case 'study':
    case 'model':
    case 'explore':
      return <StudyPage key={current.study} id={current.study} at={current} />;
    case 'compare':
      return <ComparePage key={current.studies.join()} studies={current.studies} />;
    case 'not_found':
      return (
        <main class="page">
          <Empty title="There is no such page.">
            <a href="/">All studies</a>
          </Empty>
        </main>
      );
  }
}

function App() {
  return (
    <>
      <header class="top">
        <a class="brand" href="/">
          <svg class="logo" viewBox="0 0 32 32" aria-hidden="true">
            <path class="logo-band" d="M2 20C8 6 12 10 16 13s8 6 14-5v10c-6 10-10 8-14 5S8 20 2 28z" />
            <path class="logo-mean" d="M2 24C8 13 12 15 16 18s8 7 14-5" />
            <circle class="logo-point" cx="10" cy="15.6" r="2.6" />
            <circle class="logo-point" cx="22" cy="20" r="2.6" />
          </svg>
          Krige
        </a>
        <nav aria-label="Main">
          <a href="/" aria-current={route.value.page === 'studies' ? 'page' : undefined}>
            Studies
          </a>
        </nav>
        <SignOut />
        <ThemeToggle />
      </header>
      {signedOut.value ? <SignInPage /> : <Page />}
    </>
  );
}

startTheme();
startRouter();
startSession();
render(<App />, document.getElementById('app') as HTMLElement);
