/** Numbers, times and scores as text. Times are UTC throughout. */

const WEEKDAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
export const MONTHS = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];
const BYTE_UNITS = ["B", "kB", "MB", "GB", "TB", "PB"];
const MAGNITUDES: readonly (readonly [number, string])[] = [
  [1e12, "trillion"],
  [1e9, "billion"],
  [1e6, "million"],
];

/** The strongest level that a score can have on the page, -ln of it; a score of 0 is clamped to this. */
export const STRONGEST = 30;
/** From here on an event counts as strong: a score below about 2.3e-6. */
export const STRONG = 13;

/** Whole number with thousands separators. */
export function count(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

/** `1 row`, `2 rows`. */
export function plural(value: number, [one, many]: readonly [string, string]): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** Bytes as a number and its unit, one decimal from 1 kB on: [11.8, "MB"]. */
export function bytes(value: number): readonly [text: string, unit: string] {
  let size = value;
  let step = 0;
  while (Math.abs(size) >= 999.95 && step < BYTE_UNITS.length - 1) {
    size /= 1000;
    step += 1;
  }
  return [step === 0 ? String(size) : size.toFixed(1), BYTE_UNITS[step] as string];
}

/** A probability in two digits: 7.8e-9, 0.013. */
export function score(value: number): string {
  if (value === 0) return "0";
  if (value < 0.001) return value.toExponential(1);
  return String(Number(value.toPrecision(2)));
}

/** -ln of a score, from 0 to STRONGEST. */
export function strength(value: number): number {
  if (!(value > 0)) return STRONGEST;
  return Math.min(STRONGEST, Math.max(0, -Math.log(value)));
}

/** `1 in 128 million` for a probability, in words from 1e-15 on; null where it says nothing (0 or 1). */
export function odds(value: number): string | null {
  if (!(value > 0) || value >= 1) return null;
  const inverse = 1 / value;
  if (inverse >= 1e15) return "less than 1 in 1,000 trillion";
  for (const [size, word] of MAGNITUDES) {
    if (inverse >= size) return `1 in ${Number((inverse / size).toPrecision(3)).toLocaleString("en-US")} ${word}`;
  }
  return `1 in ${count(Number(inverse.toPrecision(3)))}`;
}

function parts(day: string): Date {
  return new Date(`${day}T00:00:00Z`);
}

/** `Tue 17 Mar 2026`; `Tue 17 Mar` without the year. */
export function dayLabel(day: string, year = true): string {
  const date = parts(day);
  const month = MONTHS[date.getUTCMonth()]?.slice(0, 3);
  const label = `${WEEKDAYS[date.getUTCDay()]} ${date.getUTCDate()} ${month}`;
  return year ? `${label} ${date.getUTCFullYear()}` : label;
}

/** `14:07:59` of `2026-03-17 14:07:59`; anything else is given back as it is. */
export function clock(moment: string): string {
  return /^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}/.test(moment) ? moment.slice(11, 19) : moment;
}

/** The day `by` days later, YYYY-MM-DD. */
export function shiftDay(day: string, by: number): string {
  const date = parts(day);
  date.setUTCDate(date.getUTCDate() + by);
  return date.toISOString().slice(0, 10);
}
