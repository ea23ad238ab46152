// The processes of a training: what each does, and what it waits for.
import { ApiError, getCluster } from '../../api/client';
import type { Cluster, ClusterProcess, Study, Trial } from '../../api/types';
import { Alert, Empty } from '../../components/notices';
import { formatBytes, formatNumber } from '../../format';
import { byRole, nameOf, type Share, sharesOf } from '../../store/cluster';
import { isDone } from '../../store/study_state';
import { usePolled } from '../../store/use_polled';

const everyMs = 2000;

const percent = (part: number): string => `${Math.round(100 * part)} %`;
const number = (value: number | undefined): string =>
  value === undefined ? '–' : formatNumber(Number(value.toPrecision(3)));
const whole = (value: number | undefined): string => (value === undefined ? '–' : formatNumber(value));

function Time({ shares }: { shares: readonly Share[] }) {
  if (shares.length === 0) return <>–</>;
  return (
    <>
      <span class="share-bar" aria-hidden="true">
        {shares.map(({ name, part }) => (
          <span key={name} class={`share-${name}`} style={{ width: `${100 * part}%` }} />
        ))}
      </span>
      <span class="share-text">
        {shares
          .filter(({ part }) => part >= 0.005)
          .map(({ name, part }) => `${name} ${percent(part)}`)
          .join(' · ')}
      </span>
    </>
  );
}

function Process({ process, cluster }: { process: ClusterProcess; cluster: Cluster }) {
  const { pid, clock, staleness_mean: mean, staleness_max: most, socket_bytes: sent, memory_bytes: shared } = process;
  return (
    <tr>
      <th scope="row">
        {nameOf(process)} <span class="muted">pid {pid}</span>
      </th>
      <td class="right">{whole(clock)}</td>
      <td class="right">{number(process.pushes_per_second)}</td>
      <td class="right">{number(process.pulls_per_second)}</td>
      <td class="right">{mean === undefined ? '–' : `${number(mean)}, at most ${whole(most)}`}</td>
      <td class="share-cell">
        <Time shares={sharesOf(process, cluster.elapsed_seconds)} />
      </td>
      <td class="right">{sent === undefined ? '–' : formatBytes(sent)}</td>
      <td class="right">{shared === undefined ? '–' : formatBytes(shared)}</td>
    </tr>
  );
}

function headOf(cluster: Cluster): string {
  const parts = [
    cluster.mode,
    cluster.staleness === undefined ? '' : `staleness up to ${cluster.staleness}`,
    cluster.live ? 'live' : 'as it was at the end',
  ];
  return parts.filter(Boolean).join(' · ');
}

export function ClusterPanel({ study, trial }: { study: Study; trial: Trial }) {
  const attempt = trial.attempts.at(-1);
  const trained = study.spec?.train !== undefined && attempt !== undefined && trial.files_removed_at === undefined;
  const key = trained ? `${study.id}/${trial.id}/${attempt.id}/${isDone(trial.state)}` : null;
  const { value, error } = usePolled(
    key,
    everyMs,
    (abort) => getCluster(study.id, trial.id, abort),
    (cluster) => cluster.live,
  );
  if (key === null || (value === null && error === null)) return null;
  if (error instanceof ApiError && error.status === 404) return null; // made before there were such figures
  return (
    <section class="panel" aria-labelledby="cluster-title">
      <header class="panel-head">
        <h2 id="cluster-title">Processes</h2>
        {value && <span class="muted">{headOf(value)}</span>}
      </header>
      {error && <Alert>{error.message}</Alert>}
      {value?.processes.length === 0 && (
        <Empty title={value.live ? 'The training has only just begun.' : 'There are no figures of this training.'} />
      )}
      {value !== null && value.processes.length > 0 && (
        <div class="table-scroll" tabIndex={0} role="region" aria-label="Processes of the training">
          <table class="plain-table cluster-table">
            <caption class="sr-only">What each process does: rates are of the last second, sums since it began</caption>
            <thead>
              <tr>
                <th scope="col">Process</th>
                <th scope="col" class="right">
                  Minibatches
                </th>
                <th scope="col" class="right">
                  Pushes /s
                </th>
                <th scope="col" class="right">
                  Pulls /s
                </th>
                <th scope="col" class="right">
                  Staleness
                </th>
                <th scope="col">Time</th>
                <th scope="col" class="right">
                  By socket
                </th>
                <th scope="col" class="right">
                  By memory
                </th>
              </tr>
            </thead>
            <tbody>
              {byRole(value.processes).map((process) => (
                <Process key={nameOf(process)} process={process} cluster={value} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}
