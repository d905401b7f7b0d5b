/** The sources, found by their files: a file more in src/sources is a source more. */

import type { Source } from "./source";

const modules = import.meta.glob<{ source: Source }>("../sources/*.{ts,tsx}", { eager: true });

/** All sources in the order of the menu. */
export const sources: readonly Source[] = Object.values(modules)
  .map((module) => module.source)
  .sort((a, b) => a.order - b.order || a.name.localeCompare(b.name));

/** The source that this page is about, as the page's HTML names it. */
export function sourceOfPage(): Source {
  const name = document.documentElement.dataset.source;
  const found = sources.find((source) => source.name === name);
  if (found === undefined) throw new Error(`No source is called ${name}`);
  return found;
}
