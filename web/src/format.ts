// Numbers, durations and names as people read them.
import type { ParamValue } from './api/types';

const significant = 4;

function nonFinite(x: number): string {
  if (Number.isNaN(x)) return 'NaN';
  return x > 0 ? '∞' : '−∞';
}

const withMinus = (text: string): string => text.replace('-', '−');

const withoutZeros = (text: string): string => (text.includes('.') ? text.replace(/\.?0+$/, '') : text);

function exponential(x: number): string {
  const [mantissa = '', exponent = ''] = x.toExponential(significant - 1).split('e');
  return `${withMinus(withoutZeros(mantissa))}e${exponent.replace('+', '').replace('-', '−')}`;
}

// Four significant digits: 0.9833, 1.2e−4, 12 345. `fixed` keeps trailing zeros, so that a column lines up.
export function formatNumber(x: number, options: { fixed?: boolean } = {}): string {
  if (!Number.isFinite(x)) return nonFinite(x);
  if (x === 0) return '0';
  const size = Math.abs(x);
  if (size < 1e-3 || size >= 1e7) return exponential(x);
  if (Number.isInteger(x) && !options.fixed) return withMinus(grouped(x));
  if (size >= 1000) return withMinus(grouped(Math.round(x)));
  const text = x.toPrecision(significant);
  return withMinus(options.fixed ? text : withoutZeros(text));
}

// Narrow spaces between thousands, from five digits on.
function grouped(x: number): string {
  const text = String(x);
  return Math.abs(x) < 10_000 ? text : text.replace(/\B(?=(\d{3})+$)/g, '\u202f');
}

export function formatParam(value: ParamValue | undefined): string {
  if (value === undefined || value === null) return '–';
  return typeof value === 'number' ? formatNumber(value) : String(value);
}

export function formatDuration(ms: number): string {
  const seconds = Math.max(0, ms) / 1000;
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  if (seconds < 59.5) return `${Math.round(seconds)} s`;
  const whole = Math.round(seconds);
  const [days, hours, minutes] = [
    Math.floor(whole / 86400),
    Math.floor(whole / 3600) % 24,
    Math.floor(whole / 60) % 60,
  ];
  if (days > 0) return `${days} d ${hours} h`;
  if (hours > 0) return `${hours} h ${String(minutes).padStart(2, '0')} min`;
  return `${minutes} min ${String(whole % 60).padStart(2, '0')} s`;
}

// For what is only estimated: one unit, rounded up.
export function formatRough(ms: number): string {
  const minutes = Math.ceil(ms / 60_000);
  if (ms < 55_000) return `${Math.max(5, 5 * Math.ceil(ms / 5_000))} s`;
  if (minutes < 100) return `${minutes} min`;
  const hours = Math.ceil(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.ceil(hours / 24)} d`;
}

export function formatAge(ms: number): string {
  const seconds = Math.max(0, ms) / 1000;
  if (seconds < 60) return 'just now';
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86400)} d ago`;
}

export function formatPercent(part: number, whole: number): string {
  return whole <= 0 ? '0 %' : `${Math.floor((100 * part) / whole)} %`;
}

const byteUnits = ['B', 'kB', 'MB', 'GB', 'TB'];

export function formatBytes(bytes: number): string {
  const unit = bytes < 1000 ? 0 : Math.min(byteUnits.length - 1, Math.floor(Math.log10(bytes) / 3));
  const amount = bytes / 1000 ** unit;
  return `${unit === 0 ? amount : Number(amount.toPrecision(3))} ${byteUnits[unit]}`;
}

// "COMPLETED" → "Completed", "max_trials" → "Max trials"; one letter is a symbol: "f".
export function humanize(name: string): string {
  if (name.length === 1) return name;
  const words = name.replaceAll('_', ' ').toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

const reasons: Record<string, string> = {
  max_trials: 'the budget of trials is used up',
  max_time: 'the time is used up',
  target_reached: 'the target is reached',
  no_improvement: 'no further improvement',
  space_exhausted: 'every point of the space was tried',
  max_failures: 'too many trials failed in a row',
  program_not_allowed: 'the service may not start its program',
  user: 'asked for by a user',
};

export function explainReason(reason: string): string {
  return reasons[reason] ?? humanize(reason);
}
