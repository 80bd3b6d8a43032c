/** How wide a picture is drawn: on a phone with less in it, instead of scaled down together with its words. */
import { useLayoutEffect, useState } from 'preact/hooks';

/** The width there is in an element that is given `ref`, at most `most` (CSS px). */
export const useWidth = (most: number): readonly [number, (element: HTMLElement | null) => void] => {
  const [element, setElement] = useState<HTMLElement | null>(null);
  const [width, setWidth] = useState(most);
  useLayoutEffect(() => {
    if (!element) return undefined;
    const fit = new ResizeObserver(() => setWidth(Math.min(most, element.clientWidth || most)));
    fit.observe(element);
    return () => fit.disconnect();
  }, [element, most]);
  return [width, setElement];
};
