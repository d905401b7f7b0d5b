/** Force layout without a page: same graph and size in, same positions out. */

import {
  forceCollide,
  forceLink,
  forceManyBody,
  forceSimulation,
  forceX,
  forceY,
  type SimulationLinkDatum,
  type SimulationNodeDatum,
} from "d3-force";

export interface LayoutRequest {
  /** Number of this request; answers to older ones are dropped. */
  readonly ticket: number;
  readonly width: number;
  readonly height: number;
  /** Radius per node, px. */
  readonly radii: Float32Array;
  /** Ends of the edges, two places each. */
  readonly ends: Uint32Array;
}

export interface LayoutAnswer {
  readonly ticket: number;
  /** x and y per node, centred on 0, px. */
  readonly positions: Float32Array;
}

interface Body extends SimulationNodeDatum {
  readonly r: number;
}

/** Steps of the simulation: many for small graphs, fewer where each is dear. */
function steps(nodes: number): number {
  return nodes <= 500 ? 300 : nodes <= 3000 ? 150 : 80;
}

/** Computes positions. d3-force's own generator is seeded, so there is no chance in it. */
export function layout(request: LayoutRequest): LayoutAnswer {
  const bodies: Body[] = Array.from(request.radii, (r) => ({ r }));
  const links: SimulationLinkDatum<Body>[] = [];
  for (let i = 0; i < request.ends.length; i += 2) {
    links.push({ source: request.ends[i] as number, target: request.ends[i + 1] as number });
  }
  const wide = request.width / Math.max(1, request.height);
  const simulation = forceSimulation(bodies)
    .force(
      "link",
      forceLink<Body, SimulationLinkDatum<Body>>(links).distance(
        (link) => 18 + (link.source as Body).r + (link.target as Body).r,
      ),
    )
    .force("charge", forceManyBody<Body>().strength(-46).distanceMax(220))
    .force(
      "collide",
      forceCollide<Body>((body) => body.r + 3),
    )
    .force("x", forceX<Body>(0).strength(0.06 / Math.sqrt(wide)))
    .force("y", forceY<Body>(0).strength(0.06 * Math.sqrt(wide)))
    .stop();
  simulation.tick(steps(bodies.length));
  const positions = new Float32Array(bodies.length * 2);
  bodies.forEach((body, i) => {
    positions[2 * i] = body.x ?? 0;
    positions[2 * i + 1] = body.y ?? 0;
  });
  return { ticket: request.ticket, positions };
}
