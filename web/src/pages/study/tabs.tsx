import type { Study } from '../../api/types';
import { hrefOf } from '../../router';

export type Tab = 'study' | 'explore' | 'model';
const labels: Record<Tab, string> = { study: 'Overview', explore: 'Explore', model: 'Model' };

export function Tabs({ study, open }: { study: Study; open: Tab }) {
  const href = (tab: Tab) =>
    tab === 'explore' ? hrefOf({ page: tab, study: study.id }) : hrefOf({ page: tab, study: study.id, trial: null });
  return (
    <nav class="tabs" aria-label="Pages of the study">
      {(Object.keys(labels) as Tab[]).map((tab) => (
        <a key={tab} href={href(tab)} aria-current={tab === open ? 'page' : undefined}>
          {labels[tab]}
        </a>
      ))}
    </nav>
  );
}
