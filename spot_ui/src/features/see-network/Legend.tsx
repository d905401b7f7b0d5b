import type { ReactNode } from "react";
import type { NodeLook } from "./graph";

const SHAPES: Readonly<Record<NodeLook["shape"], string>> = {
  diamond: "M5 0 10 5 5 10 0 5z",
  circle: "M9.5 5a4.5 4.5 0 1 1-9 0 4.5 4.5 0 0 1 9 0z",
  ring: "M9 5a4 4 0 1 1-8 0 4 4 0 0 1 8 0z",
};

/** What shapes, lines and rings mean; always in view. */
export function Legend({ kinds }: { kinds: Readonly<Record<string, NodeLook>> }): ReactNode {
  return (
    <div className="legend net-legend">
      {Object.entries(kinds).map(([kind, look]) => (
        <span key={kind}>
          <svg width="10" height="10" viewBox="0 0 10 10" aria-hidden="true">
            <path
              className={look.shape === "ring" ? "legend-ring" : undefined}
              d={SHAPES[look.shape]}
              style={look.shape === "ring" ? { stroke: `var(${look.fill})` } : { fill: `var(${look.fill})` }}
            />
          </svg>
          {look.legend}
        </span>
      ))}
      <span>
        <svg width="16" height="4" viewBox="0 0 16 4" aria-hidden="true">
          <path className="legend-strong" d="M0 2h16" />
        </svg>
        strong (score &lt; 2.3e-6)
      </span>
      <span>
        <svg width="10" height="10" viewBox="0 0 10 10" aria-hidden="true">
          <path className="legend-high" d={SHAPES.ring} />
        </svg>
        rated high
      </span>
    </div>
  );
}
