/** What this analyst has rated since the list was loaded, and what became of it. Pure. */

import type { RankedRow, Rating } from "../../app/source";

export const RATINGS: readonly Rating[] = [1, 2, 3];
export const RATING_WORDS: Readonly<Record<Rating, string>> = { 1: "High", 2: "Medium", 3: "Low" };

export interface Mark {
  readonly key: string;
  readonly day: string;
  readonly row: RankedRow;
  readonly rating: Rating;
  readonly status: "sending" | "saved" | "failed";
  /** Number of the request that carries it; an answer to an older request is ignored. */
  readonly ticket: number;
  /** Why it was not saved. */
  readonly reason?: string;
}

export type Marks = ReadonlyMap<string, Mark>;

/** Where the mark of a thing on a day is kept. */
export function place(day: string, key: string): string {
  return `${day} ${key}`;
}

/** Marks things as on their way. */
export function begin(marks: Marks, order: Order): Marks {
  const next = new Map(marks);
  for (const [key, row] of order.things) {
    const { day, rating, ticket } = order;
    next.set(place(day, key), { key, day, row, rating, ticket, status: "sending" });
  }
  return next;
}

/** One request: a rating for some things of a day, one row for each. */
export interface Order {
  readonly ticket: number;
  readonly day: string;
  readonly rating: Rating;
  readonly things: ReadonlyMap<string, RankedRow>;
}

/** Notes the outcome of a request: one success flag per thing, or one reason for all. */
export function settle(marks: Marks, order: Order, outcome: readonly boolean[] | string): Marks {
  const next = new Map(marks);
  [...order.things.keys()].forEach((key, i) => {
    const at = place(order.day, key);
    const mark = next.get(at);
    if (mark?.ticket !== order.ticket) return;
    if (typeof outcome !== "string" && outcome[i]) next.set(at, { ...mark, status: "saved" });
    else {
      const reason = typeof outcome === "string" ? outcome : "The server refused the rating.";
      next.set(at, { ...mark, status: "failed", reason });
    }
  });
  return next;
}

/** Drops the marks with a status: saved ones after a reload, failed ones when given up. */
export function drop(marks: Marks, status: Mark["status"], day?: string): Marks {
  return new Map([...marks].filter(([, mark]) => mark.status !== status || (day !== undefined && mark.day !== day)));
}

/** Failed marks as requests to send again, one for each day and rating. */
export function again(marks: Marks, ticket: () => number): Order[] {
  const orders = new Map<string, { day: string; rating: Rating; things: Map<string, RankedRow> }>();
  for (const mark of marks.values()) {
    if (mark.status !== "failed") continue;
    const group = `${mark.day} ${mark.rating}`;
    const order = orders.get(group) ?? { day: mark.day, rating: mark.rating, things: new Map() };
    order.things.set(mark.key, mark.row);
    orders.set(group, order);
  }
  return [...orders.values()].map((order) => ({ ...order, ticket: ticket() }));
}
