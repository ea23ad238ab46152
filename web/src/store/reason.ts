// Why a trial was tried and how it turned out, in words.
import type { Trial } from '../api/types';
import { formatNumber } from '../format';

const mostlyMean = 0.5;

export function motive(exploitation: number): string {
  const rest = Math.round(100 * (1 - exploitation));
  return exploitation > mostlyMean
    ? `To exploit: the mean alone promised to beat the best; only ${rest} % of the gain was hope.`
    : `To explore: ${rest} % of the expected gain came from not knowing what is there.`;
}

// Standard deviations between what came and what was expected.
export function outcome(trial: Trial): string {
  const { mean, sd } = trial.suggestion ?? {};
  if (trial.value === null || mean === undefined || !sd) return '';
  const off = (trial.value - mean) / sd;
  return Math.abs(off) <= 2
    ? `It turned out as expected, ${formatNumber(Number(Math.abs(off).toFixed(1)))}σ away.`
    : `It was a surprise, ${formatNumber(Number(Math.abs(off).toFixed(1)))}σ away.`;
}
