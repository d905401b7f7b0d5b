/** Where the graph lies on the canvas: scale and shift, and what moves them. Pure. */

export interface Viewport {
  readonly scale: number;
  readonly x: number;
  readonly y: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

const MIN_SCALE = 0.1;
const MAX_SCALE = 8;

/** Shows all positions inside the size, with a margin, never larger than life by more than 1.6. */
export function fitted(positions: Float32Array, size: Size, margin = 26): Viewport {
  if (positions.length === 0) return { scale: 1, x: size.width / 2, y: size.height / 2 };
  let [left, right, top, bottom] = [Infinity, -Infinity, Infinity, -Infinity];
  for (let i = 0; i < positions.length; i += 2) {
    const [x, y] = [positions[i] as number, positions[i + 1] as number];
    left = Math.min(left, x);
    right = Math.max(right, x);
    top = Math.min(top, y);
    bottom = Math.max(bottom, y);
  }
  const across = (size.width - 2 * margin) / Math.max(1, right - left);
  const down = (size.height - 2 * margin) / Math.max(1, bottom - top);
  const scale = Math.min(1.6, Math.max(MIN_SCALE, Math.min(across, down)));
  return { scale, x: size.width / 2 - (scale * (left + right)) / 2, y: size.height / 2 - (scale * (top + bottom)) / 2 };
}

/** Zooms by a factor so that the point under the pointer stays where it is. */
export function zoom(view: Viewport, factor: number, x: number, y: number): Viewport {
  const scale = Math.min(MAX_SCALE, Math.max(MIN_SCALE, view.scale * factor));
  const real = scale / view.scale;
  return { scale, x: x - (x - view.x) * real, y: y - (y - view.y) * real };
}

export function pan(view: Viewport, dx: number, dy: number): Viewport {
  return { ...view, x: view.x + dx, y: view.y + dy };
}

/** Point of the graph that lies under a point of the canvas. */
export function toGraph(view: Viewport, x: number, y: number): readonly [number, number] {
  return [(x - view.x) / view.scale, (y - view.y) / view.scale];
}
