import { render } from 'preact';
import { signedOut, signOut } from './api/client';
import { lazily } from './components/lazy';
import { Empty } from './components/notices';
import { Logo, ThemeToggle } from './components/top';
import { SignInPage } from './pages/sign_in_page';
import { StudiesPage } from './pages/studies_page';
import { StudyPage } from './pages/study/study_page';
import { route, startRouter } from './router';
import { session, startSession } from './store/session';
import { startTheme } from './theme';

const ComparePage = lazily(async () => (await import('./pages/compare/compare_page')).ComparePage);

// Only for who has a token: without authentication there is nobody to sign out.
function SignOut() {
  const who = session.value;
  if (!who || who.name === 'anonymous' || who.name === '') return null;
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

const TrialsPage = lazily(async () => (await import('./pages/compare/trials_page')).TrialsPage);

function Page() {
  const current = route.value;
  switch (current.page) {
    case 'studies':
      return <StudiesPage />;
    case 'study':
    case 'trial':
    case 'model':
    case 'explore':
      return <StudyPage key={current.study} id={current.study} at={current} />;
    case 'compare':
      return <ComparePage key={current.studies.join()} studies={current.studies} />;
    case 'compare_trials':
      return <TrialsPage study={current.study} trials={current.trials} />;
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
          <Logo />
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
