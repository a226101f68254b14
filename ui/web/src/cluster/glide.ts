/** Moves what changed its place on the page from where it was to where it is (FLIP), instead of letting it jump. */
import { type RefObject, useLayoutEffect, useRef } from 'react';

const GLIDE_MS = 600;

/**
 * Glides the elements with `data-glide` inside `root`, told apart by its value: an element that was taken down and put up
 * somewhere else counts as the same one. Readers who asked for less motion see it in its new place at once.
 */
export function useGlide(root: RefObject<HTMLElement | null>): void {
  const before = useRef(new Map<string, { x: number; y: number }>());
  useLayoutEffect(() => {
    if (!root.current) return;
    const origin = root.current.getBoundingClientRect();
    const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
    const now = new Map<string, { x: number; y: number }>();
    for (const element of root.current.querySelectorAll<HTMLElement>('[data-glide]')) {
      const key = element.dataset.glide ?? '';
      // By the layout and not by what is seen: a glide under way does not count as a move.
      const place = placeIn(element, root.current);
      now.set(key, place);
      const was = before.current.get(key);
      if (!was || still || origin.width === 0) continue;
      const [x, y] = [was.x - place.x, was.y - place.y];
      if (Math.abs(x) + Math.abs(y) < 1) continue;
      element.animate(
        [
          { transform: `translate(${x}px, ${y}px)`, zIndex: 1 },
          { transform: 'none', zIndex: 1 },
        ],
        { duration: GLIDE_MS, easing: 'cubic-bezier(0.3, 0, 0.1, 1)' },
      );
    }
    before.current = now;
  });
}

function placeIn(element: HTMLElement, root: HTMLElement): { x: number; y: number } {
  let [x, y] = [0, 0];
  for (let at: HTMLElement | null = element; at && at !== root; ) {
    x += at.offsetLeft;
    y += at.offsetTop;
    const parent: Element | null = at.offsetParent;
    at = parent instanceof HTMLElement && root.contains(parent) ? parent : null;
  }
  return { x, y };
}
