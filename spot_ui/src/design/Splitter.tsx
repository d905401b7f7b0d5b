import { type KeyboardEvent, type PointerEvent, type ReactNode, useCallback, useState } from "react";

const STEP = 16;

export interface Edge {
  readonly name: string;
  readonly label: string;
  readonly least: number;
  readonly most: number;
  readonly start: number;
  /** Which way the panel that is sized lies from the edge. */
  readonly grows: "left" | "up" | "down";
}

/** Sizes in px of the panels beside the edges, remembered in this browser. */
export function useSizes(edges: readonly Edge[]): [Record<string, number>, (edge: Edge, size: number) => void] {
  const [sizes, setSizes] = useState(() =>
    Object.fromEntries(edges.map((edge) => [edge.name, clamp(edge, recall(edge.name) ?? edge.start)])),
  );
  const change = useCallback((edge: Edge, size: number) => {
    const next = clamp(edge, size);
    remember(edge.name, next);
    setSizes((now) => ({ ...now, [edge.name]: next }));
  }, []);
  return [sizes, change];
}

function clamp(edge: Edge, size: number): number {
  return Math.round(Math.min(edge.most, Math.max(edge.least, size)));
}

function recall(name: string): number | null {
  try {
    const value = Number(localStorage.getItem(`spot.size.${name}`) ?? Number.NaN);
    return Number.isFinite(value) ? value : null;
  } catch {
    return null;
  }
}

function remember(name: string, size: number): void {
  try {
    localStorage.setItem(`spot.size.${name}`, String(size));
  } catch {
    // Without storage the size lasts as long as the page.
  }
}

/** An edge between panels that can be dragged, or moved by arrow keys. */
export function Splitter(props: { edge: Edge; size: number; onSize(edge: Edge, size: number): void }): ReactNode {
  const { edge, size, onSize } = props;
  const across = edge.grows === "left";
  const sign = edge.grows === "down" ? 1 : -1;
  const press = (event: KeyboardEvent) => {
    const steps: Record<string, number> = across
      ? { ArrowLeft: -STEP, ArrowRight: STEP }
      : { ArrowUp: -STEP, ArrowDown: STEP };
    const by = steps[event.key];
    if (by === undefined) return;
    event.preventDefault();
    onSize(edge, size + sign * by);
  };
  const drag = (event: PointerEvent<HTMLDivElement>) => {
    const target = event.currentTarget;
    const from = across ? event.clientX : event.clientY;
    target.setPointerCapture(event.pointerId);
    target.onpointermove = (move) => onSize(edge, size + sign * ((across ? move.clientX : move.clientY) - from));
    target.onpointerup = () => {
      target.onpointermove = null;
    };
  };
  return (
    <div
      className={`splitter splitter-${across ? "x" : "y"}`}
      role="separator"
      aria-orientation={across ? "vertical" : "horizontal"}
      aria-label={edge.label}
      aria-valuenow={size}
      aria-valuemin={edge.least}
      aria-valuemax={edge.most}
      tabIndex={0}
      onKeyDown={press}
      onPointerDown={drag}
      onDoubleClick={() => onSize(edge, edge.start)}
    />
  );
}
