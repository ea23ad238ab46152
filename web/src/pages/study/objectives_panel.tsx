// What a study of several objectives or with constraints has reached of each.
import { listOptimal } from '../../api/client';
import type { Study, Trial } from '../../api/types';
import { Alert } from '../../components/notices';
import { formatNumber } from '../../format';
import { hrefOf } from '../../router';
import { bestOf, boundsOf, constraintsMet, severalObjectives } from '../../store/objectives';
import { useAnswer } from '../../store/use_answer';
import { useThrottled } from '../../store/use_throttled';

const mostLinks = 12;

const againMs = 2000;

function Objectives({ study }: { study: Study }) {
  const objectives = severalObjectives(study.spec);
  const completed = useThrottled(study.trial_counts.COMPLETED ?? 0, againMs);
  const { value, error } = useAnswer(`${study.id}/${completed}`, (abort) => listOptimal(study.id, abort));
  const front = value ?? [];
  return (
    <>
      {error && <Alert>{error.message}</Alert>}
      <table class="plain-table">
        <caption class="sr-only">The best of each objective</caption>
        <thead>
          <tr>
            <th scope="col">Objective</th>
            <th scope="col">goal</th>
            <th scope="col" class="right">
              best
            </th>
            <th scope="col" class="right">
              by trial
            </th>
          </tr>
        </thead>
        <tbody>
          {objectives.map((objective) => {
            const best = bestOf(objective, front);
            return (
              <tr key={objective.name}>
                <th scope="row">{objective.name}</th>
                <td>{objective.goal}</td>
                <td class="right">
                  {best ? formatNumber(best.values?.[objective.name] as number, { fixed: true }) : '–'}
                </td>
                <td class="right">
                  {best ? <a href={hrefOf({ page: 'study', study: study.id, trial: best.id })}>{best.id}</a> : '–'}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
      <p class="panel-note">
        {front.length === 0
          ? value !== null && 'No trial has a value of every objective yet.'
          : `${front.length} ${front.length === 1 ? 'trial is' : 'trials are'} beaten by no other: `}
        {front.slice(0, mostLinks).map(({ id }, i) => (
          <>
            {i > 0 && ', '}
            <a href={hrefOf({ page: 'study', study: study.id, trial: id })}>{id}</a>
          </>
        ))}
        {front.length > mostLinks && ` and ${front.length - mostLinks} more`}
      </p>
    </>
  );
}

export function ObjectivesPanel({ study, trials }: { study: Study; trials: readonly Trial[] }) {
  const several = severalObjectives(study.spec).length > 0;
  const constraints = constraintsMet(study, trials);
  if (!several && constraints.length === 0) return null;
  return (
    <section class="panel" aria-labelledby="objectives-title">
      <header class="panel-head">
        <h2 id="objectives-title">{several ? 'Objectives' : 'Constraints'}</h2>
      </header>
      {several && <Objectives study={study} />}
      {constraints.length > 0 && (
        <table class="plain-table">
          <caption class="sr-only">How many trials meet each constraint</caption>
          <thead>
            <tr>
              <th scope="col">Constraint</th>
              <th scope="col">must be</th>
              <th scope="col" class="right">
                met by
              </th>
            </tr>
          </thead>
          <tbody>
            {constraints.map(({ constraint, met, measured }) => (
              <tr key={constraint.name}>
                <th scope="row">{constraint.name}</th>
                <td>{boundsOf(constraint)}</td>
                <td class="right">
                  {met} of the latest {measured} trials
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}
