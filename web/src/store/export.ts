// Trials as files: what the table shows, whole numbers and all.
import type { Trial } from '../api/types';

// RFC 4180: quoted where it must be, lines end with CRLF.
function cell(value: unknown): string {
  const text = value === null || value === undefined ? '' : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

const line = (cells: readonly unknown[]): string => `${cells.map(cell).join(',')}\r\n`;

export function csvHead(metric: string, parameters: readonly string[]): string {
  return line(['trial', 'state', metric, ...parameters, 'method', 'created_at', 'ended_at', 'reason']);
}

// `metric`: of several objectives the one that is shown.
export function csvRows(trials: readonly Trial[], metric: string, parameters: readonly string[]): string {
  const rows = trials.map((trial) => [
    trial.id,
    trial.state,
    trial.values?.[metric] ?? trial.value,
    ...parameters.map((name) => trial.params[name]),
    trial.suggestion?.method,
    trial.created_at,
    trial.ended_at,
    trial.reason,
  ]);
  return rows.map(line).join('');
}

// Elements of a JSON array.
export function jsonTrials(trials: readonly Trial[], parameters: readonly string[]): string {
  const kept = trials.map(({ params, ...trial }) => ({
    ...trial,
    value: trial.value === null || Number.isFinite(trial.value) ? trial.value : String(trial.value),
    params: Object.fromEntries(parameters.filter((name) => name in params).map((name) => [name, params[name]])),
  }));
  return kept.map((trial) => JSON.stringify(trial)).join(',\n');
}

export function save(name: string, type: string, parts: string[]): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob(parts, { type }));
  link.download = name;
  link.click();
  // The browser has taken it over once this task is done.
  setTimeout(() => URL.revokeObjectURL(link.href));
}
