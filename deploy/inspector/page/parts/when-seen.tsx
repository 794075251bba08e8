/** A part of the page that is drawn anew only while it is on the screen: what nobody sees costs nothing. */
import { useEffect, useRef, useState } from 'react';

/** Drawn a little before it is scrolled to. */
const margin = '150px';

export function WhenSeen({ children }: { readonly children: React.ReactNode }) {
  const box = useRef<HTMLDivElement>(null);
  const last = useRef(children);
  const [isSeen, setSeen] = useState(true);
  useEffect(() => {
    if (box.current === null) return undefined;
    const observer = new IntersectionObserver((seen) => setSeen(seen.at(-1)?.isIntersecting ?? true), {
      rootMargin: margin,
    });
    observer.observe(box.current);
    return () => observer.disconnect();
  }, []);
  if (isSeen) last.current = children;
  return <div ref={box}>{last.current}</div>;
}
