/** Which days of a source have ranked rows. */

import { operation, request } from "./graphql";

export interface Day {
  /** YYYY-MM-DD. */
  readonly date: string;
  /** Ranked rows of that day. */
  readonly rows: number;
  /** How many of them are rated. */
  readonly rated: number;
}

const DAYS = operation<{ days: Day[] | null }, { source: string }>(`
  query Days($source: String!) { days(source: $source) { date rows rated } }`);

/** Days with rows, oldest first. */
export async function fetchDays(source: string, signal: AbortSignal): Promise<Day[]> {
  const answer = await request(DAYS, { source }, signal);
  return [...(answer.days ?? [])].sort((a, b) => a.date.localeCompare(b.date));
}

/** The day with rows next to a day: the latest one before it, or after it. */
export function neighbour(days: readonly Day[], day: string, direction: -1 | 1): string | null {
  if (direction === 1) return days.find((one) => one.date > day)?.date ?? null;
  return days.findLast((one) => one.date < day)?.date ?? null;
}

/** The days with rows nearest to a day, nearest first, at most one on each side. */
export function nearest(days: readonly Day[], day: string): string[] {
  const distance = (other: string) => Math.abs(Date.parse(other) - Date.parse(day));
  return [neighbour(days, day, -1), neighbour(days, day, 1)]
    .filter((one): one is string => one !== null)
    .sort((a, b) => distance(a) - distance(b));
}
