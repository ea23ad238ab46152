// A study on one page that can be kept, sent and printed: what the dashboard shows, without what needs a server.
import { useEffect, useMemo } from 'preact/hooks';
import { getImportance, getSlices, getStudy, getTrust, listAllTrials } from '../../api/client';
import type { Study, Trial } from '../../api/types';
import { Alert } from '../../components/notices';
import { StateBadge } from '../../components/state_badge';
import { explainReason } from '../../format';
import { hrefOf, navigate, route } from '../../router';
import type { Report } from '../../store/report';
import { slicePoints } from '../../store/space';
import { fromSnapshot } from '../../store/study_state';
import { useAnswer } from '../../store/use_answer';
import { ExplorePage } from '../explore/explore_page';
import { SlicesPanel } from '../model/slices_panel';
import { CalibrationPanel, ImportancePanel } from '../model/trust_panel';
import { HistoryPanel } from '../study/history_panel';
import { ObjectivesPanel } from '../study/objectives_panel';
import { Tiles } from '../study/tiles';
import { parameterNames } from '../study/trial_columns';
import { TrialTable } from '../study/trial_table';

function Model({ study, onTrial }: { study: Study; onTrial: (trial: number) => void }) {
  const slices = useAnswer('slices', (abort) => getSlices(study.id, null, slicePoints(study.spec), abort)).value;
  const trust = useAnswer('trust', (abort) => getTrust(study.id, abort)).value;
  const importance = useAnswer('importance', (abort) => getImportance(study.id, abort)).value;
  const metric = study.spec?.metric?.name ?? 'value';
  return (
    <>
      {slices && <SlicesPanel study={study} slices={slices} next={null} loading={false} onTrial={onTrial} />}
      {trust && importance && <ImportancePanel trust={trust} importance={importance} />}
      {trust && <CalibrationPanel trust={trust} metric={metric} onTrial={onTrial} />}
    </>
  );
}

function Loaded({ report, study, trials }: { report: Report; study: Study; trials: readonly Trial[] }) {
  const data = useMemo(() => fromSnapshot(study, trials), [study, trials]);
  const names = useMemo(() => parameterNames(study, trials), [study, trials]);
  const at = route.value;
  const chosen = 'trial' in at ? at.trial : null;
  const onTrial = (trial: number) => navigate(hrefOf({ page: 'study', study: study.id, trial }), { replace: true });
  useEffect(() => {
    document.title = `${study.name} · Krige`;
  }, [study]);
  return (
    <main class="page">
      <header class="page-head">
        <div class="page-title">
          <h1 title={study.name}>{study.name}</h1>
          <StateBadge state={data.study.state} />
          {study.state_reason && <span class="muted">{explainReason(study.state_reason)}</span>}
        </div>
        <p class="muted">
          as of <time dateTime={report.made_at}>{new Date(report.made_at).toLocaleString()}</time>
        </p>
      </header>
      {study.spec?.description && <p>{study.spec.description}</p>}
      <Tiles study={data.study} trials={data.trials} />
      <div class="column-main">
        <HistoryPanel study={data.study} trials={data.trials} onTrial={onTrial} />
        <ObjectivesPanel study={data.study} trials={data.trials} />
        <Model study={data.study} onTrial={onTrial} />
        <ExplorePage study={data.study} trials={data.trials} />
        <TrialTable
          data={data}
          names={names}
          selected={chosen}
          best={data.study.best?.trial ?? null}
          onTrial={onTrial}
        />
      </div>
    </main>
  );
}

export function ReportPage({ report }: { report: Report }) {
  const { value, error } = useAnswer('study', async (abort) => ({
    study: await getStudy(report.study, abort),
    trials: await listAllTrials(report.study, abort),
  }));
  if (value) return <Loaded report={report} study={value.study} trials={value.trials} />;
  return <main class="page">{error && <Alert>{error.message}</Alert>}</main>;
}
