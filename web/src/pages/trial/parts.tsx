// What the panel beside a study and the page of a trial both show.
import { useMemo } from 'preact/hooks';
import type { StepRecord, Study, Trial } from '../../api/types';
import { type Column, DataTable } from '../../components/data_table';
import { StateIcon } from '../../components/state_badge';
import { formatNumber, formatParam, humanize } from '../../format';
import { boundsOf, severalObjectives } from '../../store/objectives';
import { columnWidth } from '../study/trial_columns';

interface ParametersProps {
  trial: Trial;
  best: Trial | null;
  names: readonly string[];
}

export function ParameterTable({ trial, best, names }: ParametersProps) {
  const compare = best !== null && best.id !== trial.id;
  return (
    <table class="params">
      <caption class="sr-only">Parameters of trial {trial.id}</caption>
      <thead class={compare ? '' : 'sr-only'}>
        <tr>
          <th scope="col">Parameter</th>
          <th scope="col">This trial</th>
          {compare && <th scope="col">Best, #{best.id}</th>}
        </tr>
      </thead>
      <tbody>
        {names.map((name) => (
          <tr key={name}>
            <th scope="row" title={name}>
              {name}
            </th>
            <td title={String(trial.params[name] ?? '')}>{formatParam(trial.params[name])}</td>
            {compare && (
              <td class="muted" title={String(best.params[name] ?? '')}>
                {formatParam(best.params[name])}
              </td>
            )}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

const stepOf = (record: StepRecord): number => record.step;

function recordColumns(names: readonly string[]): Column<StepRecord>[] {
  const metrics = names.map((name): Column<StepRecord> => ({
    key: `metric:${name}`,
    label: name,
    width: columnWidth(name, []),
    align: 'right',
    sortKey: (record) => record.metrics[name] ?? null,
    cell: (record) => {
      const value = record.metrics[name];
      return value === undefined ? '–' : formatNumber(value, { fixed: true });
    },
  }));
  return [{ key: 'step', label: 'step', width: 76, sticky: true, sortKey: stepOf, cell: stepOf }, ...metrics];
}

export function RecordsTable({ records, names }: { records: readonly StepRecord[]; names: readonly string[] }) {
  const columns = useMemo(() => recordColumns(names), [names.join('\n')]);
  return (
    <DataTable
      label="Records of the trial"
      columns={columns}
      rows={records}
      keyOf={stepOf}
      initialSort={{ column: 'step', descending: false }}
      height={300}
    />
  );
}

// The value of one metric; of a trial that still runs, the last one it reported.
function Value({ trial, records, metric }: { trial: Trial; records: readonly StepRecord[]; metric: string }) {
  const held = trial.values ? (trial.values[metric] ?? null) : trial.value;
  const last = records.at(-1);
  const live = last?.metrics[metric];
  const soFar = held === null && last !== undefined && live !== undefined;
  return (
    <p class="trial-value">
      <span class="muted">
        {humanize(metric)}
        {soFar && `, so far, at step ${last.step}`}
      </span>
      {soFar ? (
        <strong class="live-value">{formatNumber(live, { fixed: true })}</strong>
      ) : (
        <strong>{held === null ? '–' : formatNumber(held, { fixed: true })}</strong>
      )}
    </p>
  );
}

function Constraints({ study, trial }: { study: Study; trial: Trial }) {
  const held = (study.spec?.constraints ?? []).flatMap((constraint) => {
    const result = trial.constraints?.[constraint.name];
    return result ? [{ constraint, ...result }] : [];
  });
  if (held.length === 0) return null;
  return (
    <ul class="constraints" aria-label="Constraints">
      {held.map(({ constraint, value, feasible }) => (
        <li key={constraint.name}>
          <StateIcon state={feasible ? 'COMPLETED' : 'FAILED'} />
          <span>
            {constraint.name} {formatNumber(value)}{' '}
            <span class="muted">
              {feasible ? 'is' : 'is not'} {boundsOf(constraint)}
            </span>
          </span>
        </li>
      ))}
    </ul>
  );
}

// Of every objective, and whether the constraints hold.
export function Outcome({ study, trial, records }: { study: Study; trial: Trial; records: readonly StepRecord[] }) {
  const objectives = severalObjectives(study.spec).map(({ name }) => name);
  const metrics = objectives.length > 0 ? objectives : [study.spec?.metric?.name ?? 'value'];
  return (
    <>
      {metrics.map((metric) => (
        <Value key={metric} trial={trial} records={records} metric={metric} />
      ))}
      <Constraints study={study} trial={trial} />
    </>
  );
}

export function Suggested({ trial }: { trial: Trial }) {
  const suggestion = trial.suggestion;
  if (!suggestion) return null;
  const { method, mean, sd } = suggestion;
  if (method === 'vetoed') return <p class="suggested">Vetoed by a user: it is not tried, and not suggested again.</p>;
  return (
    <p class="suggested">
      Chosen by <strong>{method}</strong>
      {mean !== undefined && sd !== undefined && (
        <>
          , which expected {formatNumber(mean)} ± {formatNumber(sd)}
        </>
      )}
    </p>
  );
}
