import type { Palette } from '../../../web/src/theme';

export const palette: Palette = {
  text: '#000',
  muted: '#111',
  faint: '#222',
  line: '#333',
  surface: '#444',
  accent: '#555',
  good: '#666',
  warn: '#777',
  bad: '#888',
  heat: ['#000000', '#808080', '#ffffff'],
};
