// What the server is asked again and again for, because no event tells of it.
import { useEffect, useState } from 'preact/hooks';

export interface Polled<T> {
  value: T | null;
  error: Error | null;
}

// `key` names the question; null: there is none. `goesOn`: whether the answer may still change.
export function usePolled<T>(
  key: string | null,
  everyMs: number,
  ask: (abort: AbortSignal) => Promise<T>,
  goesOn: (value: T) => boolean,
): Polled<T> {
  const [polled, setPolled] = useState<Polled<T>>({ value: null, error: null });
  useEffect(() => {
    setPolled({ value: null, error: null });
    if (key === null) return undefined;
    const controller = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const again = () => {
      timer = setTimeout(() => void once(), everyMs);
    };
    const once = async () => {
      try {
        const value = await ask(controller.signal);
        if (controller.signal.aborted) return;
        setPolled({ value, error: null });
        if (goesOn(value)) again();
      } catch (reason) {
        if (controller.signal.aborted) return;
        const error = reason instanceof Error ? reason : new Error(String(reason));
        setPolled((old) => ({ value: old.value, error }));
        again();
      }
    };
    void once();
    return () => {
      controller.abort();
      clearTimeout(timer);
    };
  }, [key, everyMs]);
  return polled;
}
