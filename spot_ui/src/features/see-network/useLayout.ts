import { useEffect, useRef, useState } from "react";
import { type GraphModel, radius } from "./graph";
import type { LayoutAnswer, LayoutRequest } from "./layout";
import type { Size } from "./viewport";

export interface Layout {
  readonly model: GraphModel;
  readonly positions: Float32Array;
  readonly radii: Float32Array;
}

/** Radii of all nodes for a panel of a size. */
export function radiiOf(model: GraphModel, size: Size): Float32Array {
  const side = Math.min(size.width, size.height);
  return Float32Array.from(model.nodes, (node) => radius(node.rows.size, side));
}

function ask(worker: Worker, ticket: number, model: GraphModel, size: Size): Float32Array {
  const radii = radiiOf(model, size);
  const ends = Uint32Array.from(model.edges.flatMap((edge) => [edge.from, edge.to]));
  const request: LayoutRequest = { ticket, width: size.width, height: size.height, radii, ends };
  worker.postMessage(request);
  return radii;
}

/** Positions of a graph, computed in a worker; null until the first answer. The last one stays while a new one is made. */
export function useLayout(model: GraphModel, size: Size | null): Layout | null {
  const [layout, setLayout] = useState<Layout | null>(null);
  const worker = useRef<Worker | null>(null);
  const ticket = useRef(0);
  const first = useRef<Size | null>(null);
  if (size !== null && first.current === null) first.current = size;
  const known = size !== null;

  useEffect(() => {
    worker.current = new Worker(new URL("./layout.worker.ts", import.meta.url), { type: "module" });
    return () => worker.current?.terminate();
  }, []);

  useEffect(() => {
    const at = worker.current;
    const room = first.current;
    if (at === null || room === null || !known) return;
    ticket.current += 1;
    const mine = ticket.current;
    const radii = ask(at, mine, model, room);
    const take = (event: MessageEvent<LayoutAnswer>) => {
      if (event.data.ticket === mine) setLayout({ model, positions: event.data.positions, radii });
    };
    at.addEventListener("message", take);
    return () => at.removeEventListener("message", take);
  }, [model, known]);

  return layout;
}
