// The optimizer explains itself: what it believes, what it would try next, and whether it is to be believed.
import { useState } from 'preact/hooks';
import { ApiError, getImportance, getNext, getSlices, getTrust, type Through } from '../../api/client';
import type { Params, Study, Trial } from '../../api/types';
import { Alert, Empty } from '../../components/notices';
import { hrefOf, navigate } from '../../router';
import { slicePoints } from '../../store/space';
import { hasEnded, isDone } from '../../store/study_state';
import { useAnswer } from '../../store/use_answer';
import { HeatPanel } from './heat_panel';
import { NextPanel } from './next_panel';
import { PointPanel } from './point_panel';
import { SlicesPanel } from './slices_panel';
import { CalibrationPanel, ImportancePanel } from './trust_panel';

interface Props {
  study: Study;
  trials: readonly Trial[];
  trial: number | null; // that the slices go through; null: the best
}

// Changes whenever the model may say something else.
function versionOf(trials: readonly Trial[]): string {
  return `${trials.length}/${trials.filter((trial) => isDone(trial.state)).length}`;
}

export function ModelPage({ study, trials, trial }: Props) {
  const [own, setOwn] = useState<Params | null>(null);
  const version = versionOf(trials);
  const through: Through = own !== null ? { params: own } : trial !== null ? { trial } : null;
  const slices = useAnswer(JSON.stringify([version, through]), (abort) =>
    getSlices(study.id, through, slicePoints(study.spec), abort),
  );
  const more = slices.value === null ? null : version; // without slices there is no model to ask about
  const trust = useAnswer(more, (abort) => getTrust(study.id, abort));
  const importance = useAnswer(more, (abort) => getImportance(study.id, abort));
  const ended = hasEnded(study) || study.state === 'STOPPING';
  const next = useAnswer(ended ? null : more, (abort) => getNext(study.id, abort));
  const metric = study.spec?.metric?.name ?? 'value';
  const show = (id: number) => {
    setOwn(null);
    navigate(hrefOf({ page: 'model', study: study.id, trial: id }), { replace: true });
  };
  const best = () => {
    setOwn(null);
    navigate(hrefOf({ page: 'model', study: study.id, trial: null }), { replace: true });
  };
  const suggestion = ended ? null : next.value;
  if (slices.error instanceof ApiError && slices.error.status === 409) {
    return (
      <section class="panel">
        <Empty title="There is no model to look at yet.">{slices.error.message}</Empty>
      </section>
    );
  }
  if (slices.value === null) {
    return slices.error ? (
      <Alert>{slices.error.message}</Alert>
    ) : (
      <p class="loading" role="status">
        Asking the model …
      </p>
    );
  }
  return (
    <div class="columns">
      <div class="column-main">
        {slices.error && <Alert>{slices.error.message}</Alert>}
        <SlicesPanel study={study} slices={slices.value} next={suggestion} loading={slices.loading} onTrial={show} />
        {slices.value.slices.length > 1 && (
          <HeatPanel
            study={study}
            trials={trials}
            slices={slices.value}
            through={through}
            version={version}
            onTrial={show}
            onPoint={setOwn}
          />
        )}
        {trust.value && <CalibrationPanel trust={trust.value} metric={metric} onTrial={show} />}
      </div>
      <div class="column-main">
        {suggestion && (
          <NextPanel study={study} trials={trials} next={suggestion} asking={next.loading} onShow={setOwn} />
        )}
        <PointPanel
          study={study}
          slices={slices.value}
          own={own}
          loading={slices.loading}
          edited={own !== null || trial !== null}
          onChange={setOwn}
          onReset={best}
        />
        {trust.value && <ImportancePanel trust={trust.value} importance={importance.value} />}
      </div>
    </div>
  );
}
