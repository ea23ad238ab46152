// What the server answers to a question that changes: the last answer stays until the next one has come.
import { useEffect, useState } from 'preact/hooks';

export interface Answer<T> {
  value: T | null;
  error: Error | null;
  loading: boolean;
}

// `key` names the question; null: there is none.
export function useAnswer<T>(key: string | null, ask: (abort: AbortSignal) => Promise<T>): Answer<T> {
  const [answer, setAnswer] = useState<Answer<T>>({ value: null, error: null, loading: key !== null });
  useEffect(() => {
    if (key === null) return undefined;
    const controller = new AbortController();
    setAnswer((old) => ({ ...old, loading: true }));
    ask(controller.signal).then(
      (value) => !controller.signal.aborted && setAnswer({ value, error: null, loading: false }),
      (reason: unknown) => {
        if (controller.signal.aborted) return;
        const error = reason instanceof Error ? reason : new Error(String(reason));
        setAnswer((old) => ({ value: old.value, error, loading: false }));
      },
    );
    return () => controller.abort();
  }, [key]);
  return answer;
}
