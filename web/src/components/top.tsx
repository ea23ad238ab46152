// What stands at the top of the page, and of a report.
import { theme, toggleTheme } from '../theme';

export function ThemeToggle() {
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

export function Logo() {
  return (
    <svg class="logo" viewBox="0 0 32 32" aria-hidden="true">
      <path class="logo-band" d="M2 20C8 6 12 10 16 13s8 6 14-5v10c-6 10-10 8-14 5S8 20 2 28z" />
      <path class="logo-mean" d="M2 24C8 13 12 15 16 18s8 7 14-5" />
      <circle class="logo-point" cx="10" cy="15.6" r="2.6" />
      <circle class="logo-point" cx="22" cy="20" r="2.6" />
    </svg>
  );
}
