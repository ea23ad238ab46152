// Tells once that a part of the page comes near to what is seen.
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

const ahead = '300px';

export function Nearing({ onNear, children }: { onNear: () => void; children: ComponentChildren }) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const observer = new IntersectionObserver(
      (entries) => {
        if (!entries.some((entry) => entry.isIntersecting)) return;
        observer.disconnect();
        onNear();
      },
      { rootMargin: ahead },
    );
    observer.observe(box.current as HTMLDivElement);
    return () => observer.disconnect();
  }, [onNear]);
  return <div ref={box}>{children}</div>;
}
