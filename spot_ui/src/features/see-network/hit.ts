/** Finding the node under a point. */

import { type Quadtree, quadtree } from "d3-quadtree";
import { toGraph, type Viewport } from "./viewport";

/** An index over positions (x and y per node). */
export function indexOf(positions: Float32Array): Quadtree<number> {
  const places = Array.from({ length: positions.length / 2 }, (_, i) => i);
  return quadtree<number>(
    places,
    (i) => positions[2 * i] as number,
    (i) => positions[2 * i + 1] as number,
  );
}

/** The node within `reach` px of a point of the canvas, or under it; null when there is none. */
export function nodeAt(
  index: Quadtree<number>,
  positions: Float32Array,
  radii: Float32Array,
  view: Viewport,
  point: readonly [number, number],
  reach = 4,
): number | null {
  const [x, y] = toGraph(view, point[0], point[1]);
  const largest = radii.reduce((top, r) => Math.max(top, r), 0);
  const near = index.find(x, y, (1.25 * largest * Math.sqrt(view.scale) + reach) / view.scale);
  if (near === undefined) return null;
  const distance =
    view.scale * Math.hypot((positions[2 * near] as number) - x, (positions[2 * near + 1] as number) - y);
  return distance <= 1.25 * (radii[near] as number) * Math.sqrt(view.scale) + reach ? near : null;
}
