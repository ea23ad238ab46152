// A state as a shape, a word and a colour, so that the colour alone never carries it.
import type { AttemptState, StudyState, TrialState } from '../api/types';
import { humanize } from '../format';

type AnyState = StudyState | TrialState | AttemptState;
type Tone = 'live' | 'good' | 'warn' | 'bad' | 'idle';
type Shape = 'play' | 'pause' | 'check' | 'cross' | 'square' | 'ring' | 'slash' | 'cut';

const looks: Record<AnyState, [Shape, Tone]> = {
  ACTIVE: ['play', 'live'],
  PAUSED: ['pause', 'warn'],
  STOPPING: ['square', 'warn'],
  COMPLETED: ['check', 'good'],
  STOPPED: ['square', 'idle'],
  FAILED: ['cross', 'bad'],
  WAITING: ['ring', 'idle'],
  RUNNING: ['play', 'live'],
  PRUNED: ['cut', 'warn'],
  INFEASIBLE: ['slash', 'warn'],
  CANCELLED: ['slash', 'idle'],
  LAUNCHING: ['ring', 'live'],
  SUCCEEDED: ['check', 'good'],
  LOST: ['cross', 'bad'],
  PREEMPTED: ['slash', 'warn'],
  TIMED_OUT: ['cross', 'bad'],
};

const paths: Record<Shape, string> = {
  play: 'M5 3.2v9.6L13 8z',
  pause: 'M4.5 3.5v9M11.5 3.5v9',
  check: 'M3 8.5l3.4 3.5L13 4.5',
  cross: 'M4 4l8 8M12 4l-8 8',
  square: 'M4 4h8v8H4z',
  ring: 'M8 3.2a4.8 4.8 0 1 0 .01 0z',
  slash: 'M8 2.8a5.2 5.2 0 1 0 .01 0zM4.4 11.6l7.2-7.2',
  cut: 'M2.5 8h11M9.5 4l4 4-4 4',
};
const filled: ReadonlySet<Shape> = new Set(['play', 'square']);

export function StateIcon({ state }: { state: AnyState }) {
  const [shape, tone] = looks[state] ?? ['ring', 'idle'];
  return (
    <svg class={`state-icon tone-${tone} ${filled.has(shape) ? 'filled' : ''}`} viewBox="0 0 16 16" aria-hidden="true">
      <path d={paths[shape]} />
    </svg>
  );
}

export function StateBadge({ state, plain = false }: { state: AnyState; plain?: boolean }) {
  const tone = looks[state]?.[1] ?? 'idle';
  return (
    <span class={`state ${plain ? 'state-plain' : 'state-badge'} tone-${tone}`} data-state={state}>
      <StateIcon state={state} />
      {humanize(state)}
    </span>
  );
}
