// What a study does at this moment, and why, as a sentence.
import type { Study } from '../api/types';
import { explainReason } from '../format';
import { progressOf, runsHere } from './progress';
import { hasEnded } from './study_state';

const some = (n: number, verb: string): string => (n === 1 ? `1 trial ${verb}s` : `${n} trials ${verb}`);

function begun(study: Study): string {
  const { running } = progressOf(study);
  return running > 0 ? `; ${some(running, 'still run')}` : '';
}

// Empty once the study has ended.
export function doingNow(study: Study): string {
  const { done, budget, running } = progressOf(study);
  const { WAITING: waiting = 0, PAUSED: paused = 0 } = study.trial_counts;
  const reason = study.state_reason && explainReason(study.state_reason);
  if (hasEnded(study)) return '';
  if (study.state === 'PAUSED') return `Paused${reason && `, ${reason}`}: no new trial begins${begun(study)}.`;
  if (study.state === 'STOPPING') return `Ending${reason && `, ${reason}`}${begun(study)}.`;
  const left = budget === null ? null : Math.max(0, budget - done - running - waiting - paused);
  if (running > 0) {
    const more = left === null ? '' : left === 0 ? ', the last of the budget' : `, ${left} more may begin`;
    return `${some(running, 'run')}${more}.`;
  }
  if (waiting > 0) return `${some(waiting, 'wait')} ${runsHere(study) ? 'to be run' : 'for a worker'}.`;
  if (paused > 0) return `${some(paused, 'pause')}; the best of them go on.`;
  if (left === 0) return 'The budget of trials is used up.';
  return runsHere(study) ? 'Choosing the next point.' : 'Waiting for workers to ask for trials.';
}
