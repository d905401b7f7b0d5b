import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import type { RankedRow, Rating, Source } from "../../app/source";
import { plural } from "../../design/format";
import { again, begin, drop, type Mark, type Marks, type Order, place, RATING_WORDS, settle } from "./ratings";

export interface RatingDesk {
  /** The mark on a row of the shown day, if it was rated here. */
  markOf(row: RankedRow): Mark | undefined;
  /** Ratings that did not reach the server, of any day. */
  readonly failed: readonly Mark[];
  /** What was last rated, as a sentence; null when there is nothing to say. */
  readonly notice: string | null;
  /** Rates rows at once; equal things in them are sent once. */
  rate(rows: readonly RankedRow[], rating: Rating): void;
  retry(): void;
  discard(): void;
  /** Forgets what is saved, for the list no longer holds it. */
  forgetSaved(): void;
}

const NOTICE_MS = 6000;

function useNotice(): [string | null, (text: string) => void] {
  const [notice, setNotice] = useState<string | null>(null);
  useEffect(() => {
    if (notice === null) return;
    const timer = setTimeout(() => setNotice(null), NOTICE_MS);
    return () => clearTimeout(timer);
  }, [notice]);
  return [notice, setNotice];
}

/** Asks before the page is left while ratings are unsaved. */
function useLeaveGuard(unsaved: boolean): void {
  useEffect(() => {
    if (!unsaved) return;
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    addEventListener("beforeunload", ask);
    return () => removeEventListener("beforeunload", ask);
  }, [unsaved]);
}

/** Ratings of a source: shown at once, sent at once and in order, kept for a retry when they fail. */
export function useRatings(source: Source, day: string, onSaved: () => void): RatingDesk {
  const [marks, setMarks] = useState<Marks>(new Map());
  const [notice, say] = useNotice();
  const ticket = useRef(0);
  const queue = useRef<Promise<void>>(Promise.resolve());
  const saved = useRef(onSaved);
  saved.current = onSaved;

  const send = useCallback(
    (order: Order) => {
      setMarks((now) => begin(now, order));
      queue.current = queue.current.then(async () => {
        const outcome = await source.rating
          .send([...order.things.values()], order.rating, order.day)
          .catch((error: Error) => error.message);
        setMarks((now) => settle(now, order, outcome));
        if (typeof outcome !== "string") saved.current();
      });
    },
    [source],
  );

  const rate = useCallback(
    (rows: readonly RankedRow[], rating: Rating) => {
      if (rows.length === 0) return;
      ticket.current += 1;
      const things = new Map(rows.map((row) => [source.rating.key(row), row]));
      say(`${plural(rows.length, source.noun)} rated ${RATING_WORDS[rating]}`);
      send({ ticket: ticket.current, day, rating, things });
    },
    [source, day, send, say],
  );

  const retry = useCallback(() => {
    const orders = again(marks, () => {
      ticket.current += 1;
      return ticket.current;
    });
    orders.forEach(send);
  }, [marks, send]);

  const failed = useMemo(() => [...marks.values()].filter((mark) => mark.status === "failed"), [marks]);
  useLeaveGuard([...marks.values()].some((mark) => mark.status !== "saved"));
  const discard = useCallback(() => setMarks((now) => drop(now, "failed")), []);
  const forgetSaved = useCallback(() => setMarks((now) => drop(now, "saved")), []);
  const markOf = useCallback((row: RankedRow) => marks.get(place(day, source.rating.key(row))), [marks, day, source]);
  return { markOf, failed, notice, rate, retry, discard, forgetSaved };
}
