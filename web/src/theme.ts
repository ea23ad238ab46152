// Dark or light: the system's choice until the user makes one. Colours live in the style sheet only; charts, which draw
// on a canvas, read them from there.
import { computed, effect, signal } from '@preact/signals';

export type ThemeChoice = 'auto' | 'light' | 'dark';

const storageKey = 'krige-theme';
const systemDark = matchMedia('(prefers-color-scheme: dark)');
const systemIsDark = signal(systemDark.matches);

function storedChoice(): ThemeChoice {
  try {
    const stored = localStorage.getItem(storageKey);
    return stored === 'light' || stored === 'dark' ? stored : 'auto';
  } catch {
    return 'auto'; // storage may be forbidden
  }
}

export const themeChoice = signal<ThemeChoice>(storedChoice());
export const theme = computed<'light' | 'dark'>(() => {
  if (themeChoice.value !== 'auto') return themeChoice.value;
  return systemIsDark.value ? 'dark' : 'light';
});

export function startTheme(): void {
  systemDark.addEventListener('change', (event) => {
    systemIsDark.value = event.matches;
  });
  effect(() => {
    document.documentElement.dataset.theme = theme.value;
    try {
      if (themeChoice.value === 'auto') localStorage.removeItem(storageKey);
      else localStorage.setItem(storageKey, themeChoice.value);
    } catch {
      // The choice holds for this page only.
    }
  });
}

export function toggleTheme(): void {
  const other = theme.value === 'dark' ? 'light' : 'dark';
  themeChoice.value = other === (systemIsDark.value ? 'dark' : 'light') ? 'auto' : other;
}

export interface Palette {
  text: string;
  muted: string;
  faint: string;
  line: string;
  surface: string;
  accent: string;
  good: string;
  warn: string;
  bad: string;
  heat: readonly string[]; // low to high
}

const paletteNames = ['text', 'muted', 'faint', 'line', 'surface', 'accent', 'good', 'warn', 'bad'] as const;

const heatSteps = [0, 1, 2, 3, 4];

export function readPalette(): Palette {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string) => style.getPropertyValue(`--${name}`).trim();
  const heat = heatSteps.map((step) => colour(`heat-${step}`));
  return { ...Object.fromEntries(paletteNames.map((name) => [name, colour(name)])), heat } as unknown as Palette;
}
