// A report: one script that needs no other, since it stands within its page.
import { render } from 'preact';
import { answerFrom } from './api/client';
import { Logo, ThemeToggle } from './components/top';
import { ReportPage } from './pages/report/report_page';
import { startFragmentRouter } from './router';
import { readReport, type Report } from './store/report';
import { startTheme } from './theme';

function ReportApp({ report }: { report: Report }) {
  return (
    <>
      <header class="top">
        <span class="brand">
          <Logo />
          Krige {report.version}
        </span>
        <ThemeToggle />
      </header>
      <ReportPage report={report} />
    </>
  );
}

const report = readReport();
answerFrom(report.answers);
startTheme();
startFragmentRouter();
render(<ReportApp report={report} />, document.getElementById('app') as HTMLElement);
