import type { ReactNode } from "react";
import type { RankedRow } from "../../app/source";
import { STRONG, STRONGEST, score, strength } from "../../design/format";

/** Length of the bar at full: beyond it only the number tells more. */
const FULL = 21;

/** Rank, a bar as long as -ln(score), and the number itself under pointer and cursor. */
export function ScoreCell({ row }: { row: RankedRow }): ReactNode {
  const level = strength(row.score);
  return (
    <span className="score">
      <span className="score-rank">{row.rank}</span>
      <svg className="score-bar" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
        <rect className="track" width="100" height="6" rx="1" />
        <rect
          className={level >= STRONG ? "hard" : "weak"}
          width={Math.min(100, (100 * level) / Math.min(FULL, STRONGEST))}
          height="6"
          rx="1"
        />
      </svg>
      <span className="score-num">{score(row.score)}</span>
    </span>
  );
}
