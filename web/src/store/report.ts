// A report: a page without a server, in which the answers that it would give stand (cli/report_page.cc writes them).

export interface Report {
  study: string; // its id
  made_at: string;
  version: string; // of the krige that made it
  answers: Record<string, unknown>; // by path below /api/v1, without queries
}

// The one that this page is.
export function readReport(): Report {
  return JSON.parse(document.getElementById('krige-report')?.textContent ?? '') as Report;
}
