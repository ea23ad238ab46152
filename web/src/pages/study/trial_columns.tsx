// The columns of the trial table, made from the study's own parameters.
import type { Params, ParamValue, StepRecord, Study, Trial } from '../../api/types';
import type { Column } from '../../components/data_table';
import { StateBadge } from '../../components/state_badge';
import type { Sort, SortKey } from '../../components/virtual_rows';
import { formatDuration, formatNumber, formatParam } from '../../format';
import { hrefOf } from '../../router';

// The parameters in the order of the study file; those that only trials know come after.
export function parameterNames(study: Study, trials: readonly { params: Params }[]): string[] {
  const names = new Set(Object.keys(study.spec?.parameters ?? {}));
  for (const trial of trials) for (const name of Object.keys(trial.params)) names.add(name);
  return [...names];
}

export function paramKey(value: ParamValue | undefined): SortKey {
  if (value === undefined || value === null) return null;
  return typeof value === 'boolean' ? String(value) : value;
}

export function durationOf(trial: Trial): number | null {
  return trial.ended_at === null ? null : Date.parse(trial.ended_at) - Date.parse(trial.created_at);
}

const parameterKey = 'param:';
const orders: Readonly<Record<string, string>> = { duration: 'seconds' };

// A column by the name that the server sorts by.
export function orderOf({ column, descending }: Sort, metric: string): string {
  const name = column.startsWith(parameterKey)
    ? column.slice(parameterKey.length)
    : column === 'value'
      ? metric
      : (orders[column] ?? column);
  return descending ? `${name} desc` : name;
}

const pixelsPerCharacter = 7.9;
const pixelsPerHeadingCharacter = 8.7; // smaller, but bold
const padding = 30;
const sortMark = 12;
const sampleSize = 200;

// Wide enough for the heading and what the first trials hold; what is longer is cut and shown whole in a tooltip.
export function columnWidth(heading: string, cells: readonly string[]): number {
  const longest = cells.reduce((most, cell) => Math.max(most, cell.length), 0);
  const content = Math.max(longest * pixelsPerCharacter, heading.length * pixelsPerHeadingCharacter + sortMark);
  return Math.round(Math.min(190, Math.max(76, content + padding)));
}

export function isNumeric(study: Study, name: string, trials: readonly Trial[]): boolean {
  const spec = study.spec?.parameters?.[name];
  if (spec?.type === 'float' || spec?.type === 'int') return true;
  if (spec?.type === 'categorical') return false;
  return (
    trials.length > 0 && trials.every(({ params }) => params[name] === undefined || typeof params[name] === 'number')
  );
}

function ValueCell({ trial, latest, metric }: { trial: Trial; latest: StepRecord | undefined; metric: string }) {
  if (trial.value !== null) return <span class="value">{formatNumber(trial.value, { fixed: true })}</span>;
  const live = latest?.metrics[metric];
  if (live === undefined) return <span class="missing">–</span>;
  return (
    <span class="live-value" title={`so far, at step ${latest?.step}`}>
      {formatNumber(live, { fixed: true })} …
    </span>
  );
}

interface Options {
  study: Study;
  trials: readonly Trial[];
  names: readonly string[];
  latest: () => ReadonlyMap<number, StepRecord>;
}

export function trialColumns({ study, trials, names, latest }: Options): Column<Trial>[] {
  const metric = study.spec?.metric?.name ?? 'value';
  const sample = trials.slice(0, sampleSize);
  const parameters = names.map((name): Column<Trial> => {
    const width = columnWidth(
      name,
      sample.map((trial) => formatParam(trial.params[name])),
    );
    const column: Column<Trial> = {
      key: `${parameterKey}${name}`,
      label: name,
      width,
      sortKey: (trial) => paramKey(trial.params[name]),
      cell: (trial) => formatParam(trial.params[name]),
      title: (trial) => String(trial.params[name] ?? ''),
    };
    return isNumeric(study, name, sample) ? { ...column, align: 'right' } : column;
  });
  return [
    {
      key: 'id',
      label: 'Trial',
      width: 84,
      sticky: true,
      sortKey: (trial) => trial.id,
      cell: (trial) => (
        <a class="trial-link" href={hrefOf({ page: 'study', study: study.id, trial: trial.id })}>
          {trial.id}
        </a>
      ),
    },
    {
      key: 'state',
      label: 'State',
      width: 128,
      sticky: true,
      sortKey: (trial) => trial.state,
      cell: (trial) => <StateBadge state={trial.state} plain />,
      title: (trial) => trial.reason,
    },
    {
      key: 'value',
      label: metric,
      width: columnWidth(metric, ['0.000000']),
      sticky: true,
      align: 'right',
      sortKey: (trial) => trial.value ?? latest().get(trial.id)?.metrics[metric] ?? null,
      cell: (trial) => <ValueCell trial={trial} latest={latest().get(trial.id)} metric={metric} />,
    },
    ...parameters,
    {
      key: 'duration',
      label: 'Duration',
      width: 118,
      align: 'right',
      sortKey: durationOf,
      cell: (trial) => {
        const duration = durationOf(trial);
        return duration === null ? '–' : formatDuration(duration);
      },
    },
    {
      key: 'method',
      label: 'Chosen by',
      width: 112,
      sortKey: (trial) => trial.suggestion?.method ?? null,
      cell: (trial) => trial.suggestion?.method ?? '–',
    },
  ];
}
