/** Weeks of a month, Monday first. Days are YYYY-MM-DD. */

import { shiftDay } from "../../design/format";

/** Six weeks or fewer that cover the month of a day, with the days of its neighbours that fill them. */
export function weeksOf(day: string): string[][] {
  const first = `${day.slice(0, 7)}-01`;
  const weekday = (new Date(`${first}T00:00:00Z`).getUTCDay() + 6) % 7;
  const weeks: string[][] = [];
  let at = shiftDay(first, -weekday);
  do {
    weeks.push(Array.from({ length: 7 }, (_, i) => shiftDay(at, i)));
    at = shiftDay(at, 7);
  } while (at.slice(0, 7) === day.slice(0, 7));
  return weeks;
}

/** The same day of a month `by` months later, or the last one that month has. */
export function shiftMonth(day: string, by: number): string {
  const [year = 0, month = 1, date = 1] = day.split("-").map(Number);
  const last = new Date(Date.UTC(year, month + by, 0)).getUTCDate();
  return new Date(Date.UTC(year, month - 1 + by, Math.min(date, last))).toISOString().slice(0, 10);
}

/** The day that an arrow key leads to, or null for other keys. */
export function dayByKey(day: string, key: string): string | null {
  const steps: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 };
  if (key in steps) return shiftDay(day, steps[key] as number);
  if (key === "PageUp") return shiftMonth(day, -1);
  return key === "PageDown" ? shiftMonth(day, 1) : null;
}
