import type { ReactNode } from "react";
import type { Rating } from "../../app/source";
import { type Mark, RATING_WORDS, RATINGS } from "./ratings";

const CLASSES: Readonly<Record<Rating, string>> = { 1: "high", 2: "medium", 3: "low" };
const BARS = [
  { x: 0, y: 7, height: 5 },
  { x: 4.8, y: 3.5, height: 8.5 },
  { x: 9.6, y: 0, height: 12 },
];

/** Three bars like a signal: 3 for high, 2 for medium, 1 for low. */
export function Level({ rating }: { rating: Rating }): ReactNode {
  return (
    <svg className="lvl" viewBox="0 0 13 12" aria-hidden="true">
      {BARS.map(({ x, y, height }, i) => (
        <rect
          key={x}
          fill="currentColor"
          opacity={i < 4 - rating ? undefined : 0.28}
          x={x}
          y={y}
          width={3.4}
          height={height}
          rx={0.7}
        />
      ))}
    </svg>
  );
}

/** A rating as bars and its word. */
export function RatingBadge({ rating }: { rating: Rating }): ReactNode {
  return (
    <span className={`badge badge-${CLASSES[rating]}`}>
      <Level rating={rating} />
      {RATING_WORDS[rating]}
    </span>
  );
}

/** Three small buttons for one row. */
function RowButtons({ what, onRate }: { what: string; onRate(rating: Rating): void }): ReactNode {
  return (
    <span className="rate">
      {RATINGS.map((rating) => (
        <button
          type="button"
          key={rating}
          className={`r-${CLASSES[rating]}`}
          aria-label={`Rate ${what} ${RATING_WORDS[rating]}`}
          title={`${RATING_WORDS[rating]} (${rating})`}
          onClick={(event) => {
            event.stopPropagation();
            onRate(rating);
          }}
        >
          <Level rating={rating} />
        </button>
      ))}
    </span>
  );
}

/** The rating cell of a row: its rating, or a dash that gives way to buttons under the pointer and the cursor. */
export function RowRating(props: { mark: Mark | undefined; what: string; onRate(rating: Rating): void }): ReactNode {
  const { mark } = props;
  if (mark === undefined) {
    return (
      <>
        <span className="badge badge-none">–</span>
        <RowButtons what={props.what} onRate={props.onRate} />
      </>
    );
  }
  return (
    <span className={`rated rated-${mark.status}`}>
      <RatingBadge rating={mark.rating} />
      {mark.status === "failed" && <span className="unsaved">not saved</span>}
    </span>
  );
}

/** The bar that rates all selected rows. */
export function RateBar(props: { selected: number; onRate(rating: Rating): void; onClear(): void }): ReactNode {
  return (
    <div className="ratebar" role="toolbar" aria-label="Rate the selected rows">
      <b>{props.selected} selected</b>
      <span className="btngroup">
        {RATINGS.map((rating) => (
          <button
            type="button"
            key={rating}
            className={`btn r-${CLASSES[rating]}`}
            onClick={() => props.onRate(rating)}
          >
            <Level rating={rating} />
            {RATING_WORDS[rating]}
            <kbd className="kbd">{rating}</kbd>
          </button>
        ))}
      </span>
      <span className="spacer" />
      <button type="button" className="btn btn-quiet" onClick={props.onClear}>
        Clear <kbd className="kbd">Esc</kbd>
      </button>
    </div>
  );
}
