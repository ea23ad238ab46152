// The worker that the tabs of a browser share: a port each.
import { Hub, type Tab } from './api/hub';
import type { FromTab } from './api/live';

const hub = new Hub();

globalThis.addEventListener('connect', (event) => {
  const port = (event as MessageEvent).ports[0] as MessagePort;
  const tab: Tab = { tell: (told) => port.postMessage(told) };
  port.onmessage = ({ data }: MessageEvent<FromTab>) => {
    if (data === 'leave') hub.leave(tab);
    else hub.wish(tab, data.wish);
  };
  // A tab that crashed says nothing.
  port.addEventListener('close', () => hub.leave(tab));
});
