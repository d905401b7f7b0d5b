import type { RefObject } from "react";
import type { Rating } from "../app/source";
import type { Cursor } from "../features/rank-list/useCursor";
import { RATING_WORDS, RATINGS } from "../features/rate/ratings";
import type { KeyCommand } from "../features/use-keys/keys";

export interface PageActions {
  readonly cursor: Cursor;
  readonly filterInput: RefObject<HTMLInputElement | null>;
  rate(rating: Rating): boolean;
  /** Goes to the day with data before or after; false when there is none. */
  stepDay(direction: -1 | 1): boolean;
  toDetails(): boolean;
  toggleFull(): boolean;
  reload(): boolean;
  help(): boolean;
}

function focusFilter(input: HTMLInputElement | null): boolean {
  input?.focus();
  input?.select();
  return input !== null;
}

/** All keys of a Suspicious page. */
export function commandsOf(actions: PageActions): readonly KeyCommand[] {
  const { cursor } = actions;
  return [
    { keys: ["j"], group: "Rows", help: "next row", run: () => cursor.move(1) },
    { keys: ["k"], group: "Rows", help: "previous row", run: () => cursor.move(-1) },
    { keys: ["Enter"], group: "Rows", help: "read the details", run: () => actions.toDetails() },
    { keys: ["x"], group: "Rows", help: "select", run: () => cursor.toggle() },
    { keys: ["Escape"], group: "Rows", help: "clear selection", run: () => cursor.clear() },
    ...RATINGS.map(
      (rating): KeyCommand => ({
        keys: [String(rating)],
        group: "Decide",
        help: `rate ${RATING_WORDS[rating]}`,
        run: () => actions.rate(rating),
      }),
    ),
    { keys: ["/"], group: "Page", help: "filter", run: () => focusFilter(actions.filterInput.current) },
    { keys: ["["], group: "Page", help: "previous day with data", run: () => actions.stepDay(-1) },
    { keys: ["]"], group: "Page", help: "next day with data", run: () => actions.stepDay(1) },
    { keys: ["r"], group: "Page", help: "reload", run: () => actions.reload() },
    { keys: ["f"], group: "Page", help: "list full screen, and back", run: () => actions.toggleFull() },
    { keys: ["?"], group: "Page", help: "this list", run: () => actions.help() },
  ];
}
