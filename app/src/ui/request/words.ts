/** Of a longer command, so many words of both ends are shown until a person asks for the rest. */
export const HEAD_WORDS = 80;
export const TAIL_WORDS = 20;

/** A command of so many words is shown at once. */
export const MANY_WORDS = HEAD_WORDS + TAIL_WORDS;

/** Tells once that this element was on the screen, above the bar at the bottom. Until then it is watched. */
export function whenSeen(element: Element, seen: () => void): () => void {
  const bar = document.querySelector(".bar")?.getBoundingClientRect().height ?? 0;
  const watcher = new IntersectionObserver(
    (entries) => {
      if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
      watcher.disconnect();
      seen();
    },
    { rootMargin: `0px 0px -${Math.ceil(bar)}px 0px` },
  );
  watcher.observe(element);
  return () => watcher.disconnect();
}
