/** The page's state in its address: `#date=2016-07-08|filter=10.0.0.5`, values percent-encoded. */

export interface PageState {
  /** Day being looked at, YYYY-MM-DD. */
  day: string;
  /** What the filter box holds; empty for none. */
  filter: string;
}

const DAY = /^\d{4}-\d{2}-\d{2}$/;

/** Whether the text is a day of the calendar, written YYYY-MM-DD. */
export function isDay(text: string): boolean {
  if (!DAY.test(text)) return false;
  const date = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
}

/** Decodes a value; one that was never encoded (an old bookmark) is taken as it stands. */
function decode(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

/** All `name=value` pairs of a fragment, names matched whole; the first of a name counts. */
export function parsePairs(fragment: string): Map<string, string> {
  const pairs = new Map<string, string>();
  for (const part of fragment.replace(/^#/, "").split("|")) {
    const at = part.indexOf("=");
    if (at < 1) continue;
    const name = part.slice(0, at);
    if (!pairs.has(name)) pairs.set(name, decode(part.slice(at + 1)));
  }
  return pairs;
}

/** State of a fragment; a missing or impossible day becomes `today`. */
export function parseState(fragment: string, today: string): PageState {
  const pairs = parsePairs(fragment);
  const day = pairs.get("date") ?? "";
  return { day: isDay(day) ? day : today, filter: pairs.get("filter") ?? "" };
}

/** Fragment of a state, with its leading `#`. */
export function formatState(state: PageState): string {
  const filter = state.filter === "" ? "" : `|filter=${encodeURIComponent(state.filter)}`;
  return `#date=${encodeURIComponent(state.day)}${filter}`;
}

/** Today in UTC, YYYY-MM-DD. */
export function todayUtc(now: Date = new Date()): string {
  return now.toISOString().slice(0, 10);
}
