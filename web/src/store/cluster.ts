// What the processes of a training spend their time on.
import type { ClusterProcess } from '../api/types';

export interface Share {
  name: 'computes' | 'waits' | 'evaluates' | 'else';
  part: number; // of the time since the training began, in [0, 1]
}

// Of a worker; empty where it is not told. What is left are messages, and what it does between them.
export function sharesOf(process: ClusterProcess, elapsedSeconds: number | undefined): Share[] {
  const { compute_seconds: compute, wait_seconds: wait, evaluate_seconds: evaluate } = process;
  if (compute === undefined || wait === undefined) return [];
  const known = compute + wait + (evaluate ?? 0);
  const whole = Math.max(elapsedSeconds ?? 0, known);
  if (!(whole > 0)) return [];
  return [
    { name: 'computes', part: compute / whole },
    { name: 'waits', part: wait / whole },
    { name: 'evaluates', part: (evaluate ?? 0) / whole },
    { name: 'else', part: (whole - known) / whole },
  ];
}

export const nameOf = ({ role, index }: ClusterProcess): string =>
  role === 'coordinator' || index === undefined ? role : `${role} ${index}`;

const order = { coordinator: 0, worker: 1, shard: 2 } as const;

export const byRole = (processes: readonly ClusterProcess[]): ClusterProcess[] =>
  [...processes].sort((a, b) => order[a.role] - order[b.role] || (a.index ?? 0) - (b.index ?? 0));
