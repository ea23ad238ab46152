// What a page is told live. The tabs of a browser share one connection by a worker; where there are no shared workers each
// page has its own.
import { Hub, type Told, type Wish } from './hub';

declare const krigeLiveWorker: string; // the worker's address, set by build.mjs

export interface Live {
  // Says anew what is wanted, and from which number on.
  renew: () => void;
  close: () => void;
}

export type FromTab = { wish: Wish } | 'leave';

interface Line {
  send: (message: FromTab) => void;
  close: () => void;
}

let own: Hub | null = null;

function ownLine(tell: (told: Told) => void): Line {
  own ??= new Hub();
  const hub = own;
  const tab = { tell };
  const send = (message: FromTab) => (message === 'leave' ? hub.leave(tab) : hub.wish(tab, message.wish));
  return { send, close: () => send('leave') };
}

function sharedLine(tell: (told: Told) => void, onFailure: () => void): Line {
  const worker = new SharedWorker(krigeLiveWorker, { type: 'module', name: 'krige' });
  const { port } = worker;
  worker.onerror = onFailure;
  port.onmessage = ({ data }) => tell(data as Told);
  const send = (message: FromTab) => port.postMessage(message);
  return {
    send,
    close: () => {
      send('leave');
      port.close();
    },
  };
}

export function goLive(wish: () => Wish, tell: (told: Told) => void): Live {
  let line: Line;
  const renew = () => line.send({ wish: wish() });
  const alone = () => {
    line = ownLine(tell);
    renew();
  };
  line = typeof SharedWorker === 'undefined' ? ownLine(tell) : sharedLine(tell, alone);
  const leave = () => line.send('leave');
  // A page that the browser keeps for the way back comes again from where it was.
  const back = (event: PageTransitionEvent) => event.persisted && renew();
  globalThis.addEventListener?.('pagehide', leave);
  globalThis.addEventListener?.('pageshow', back);
  renew();
  return {
    renew,
    close: () => {
      globalThis.removeEventListener?.('pagehide', leave);
      globalThis.removeEventListener?.('pageshow', back);
      line.close();
    },
  };
}
