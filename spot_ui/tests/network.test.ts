import { describe, expect, it } from "vitest";
import { GraphBuilder, radius } from "../src/features/see-network/graph";
import { indexOf, nodeAt } from "../src/features/see-network/hit";
import { layout } from "../src/features/see-network/layout";
import { linesOf } from "../src/features/see-network/NetworkTable";
import { largest, nodesOf, overlap, shorten, touches } from "../src/features/see-network/scene";
import { fitted, pan, toGraph, zoom } from "../src/features/see-network/viewport";

function star(leaves: number) {
  const graph = new GraphBuilder();
  for (let i = 0; i < leaves; i++) {
    const hub = graph.node("internal", "10.0.0.1", `row ${i}`, { filter: "10.0.0.1" });
    graph.edge(hub, graph.node("external", `198.18.0.${i}`, `row ${i}`), `row ${i}`, i);
  }
  return graph.done();
}

const request = (ticket: number, nodes: number) => ({
  ticket,
  width: 400,
  height: 240,
  radii: new Float32Array(nodes).fill(4),
  ends: Uint32Array.from(Array.from({ length: nodes - 1 }, (_, i) => [0, i + 1]).flat()),
});

describe("the graph", () => {
  it("makes one node of a value and one edge of a pair, both directions together", () => {
    const graph = new GraphBuilder();
    const [a, b] = [graph.node("x", "a", "r1"), graph.node("x", "b", "r1")];
    graph.edge(a, b, "r1", 3);
    graph.edge(graph.node("x", "b", "r2"), graph.node("x", "a", "r2"), "r2", 15);
    const { nodes, edges } = graph.done();
    expect(nodes).toHaveLength(2);
    expect(edges).toHaveLength(1);
    expect(edges[0]?.strength).toBe(15);
    expect([...(edges[0]?.rows ?? [])]).toEqual(["r1", "r2"]);
  });

  it("keeps kinds with equal values apart and draws no edge from a node to itself", () => {
    const graph = new GraphBuilder();
    const a = graph.node("domain", "10.0.0.1", "r");
    expect(graph.node("client", "10.0.0.1", "r")).not.toBe(a);
    graph.edge(a, a, "r", 1);
    expect(graph.done().edges).toHaveLength(0);
  });

  it("finds nodes by rows, the largest first, and their lines for the table", () => {
    const model = star(5);
    expect(nodesOf(model, new Set(["row 2"]))).toEqual([0, 3]);
    expect(nodesOf(model, new Set())).toEqual([]);
    expect(largest(model)).toEqual([0]);
    expect(linesOf(model)[0]?.peers).toHaveLength(5);
    expect(touches(new Set(["a"]), new Set(["b", "a"]))).toBe(true);
  });

  it("grows the area with the rows, within bounds", () => {
    expect(Math.PI * radius(1, 300) ** 2).toBeCloseTo(0.001 * 300 * 300, 3);
    expect(Math.PI * radius(250, 300) ** 2).toBeCloseTo(0.05 * 300 * 300, 3);
    expect(radius(9999, 300)).toBe(radius(250, 300));
    expect(radius(1, 10)).toBe(3);
  });
});

describe("the layout", () => {
  it("is the same each time", () => {
    expect(layout(request(1, 60)).positions).toEqual(layout(request(1, 60)).positions);
  });

  it("gives finite, separate places, also to nodes without edges", () => {
    const alone = { ...request(1, 12), ends: new Uint32Array() };
    const { positions } = layout(alone);
    expect(positions.every(Number.isFinite)).toBe(true);
    const seen = new Set(Array.from({ length: 12 }, (_, i) => `${positions[2 * i]} ${positions[2 * i + 1]}`));
    expect(seen.size).toBe(12);
  });

  it("answers to an empty graph", () => {
    expect(layout({ ...request(7, 1), radii: new Float32Array(), ends: new Uint32Array() })).toEqual({
      ticket: 7,
      positions: new Float32Array(),
    });
  });
});

describe("the viewport", () => {
  const size = { width: 400, height: 240 };

  it("shows all nodes inside the canvas", () => {
    const positions = Float32Array.from([-900, -50, 700, 800, 10, 3]);
    const view = fitted(positions, size);
    for (let i = 0; i < positions.length; i += 2) {
      const x = view.x + view.scale * (positions[i] as number);
      const y = view.y + view.scale * (positions[i + 1] as number);
      expect(x).toBeGreaterThan(0);
      expect(x).toBeLessThan(size.width);
      expect(y).toBeGreaterThan(0);
      expect(y).toBeLessThan(size.height);
    }
  });

  it("keeps the point under the pointer when zooming, and moves by what is dragged", () => {
    const view = { scale: 1.5, x: 30, y: -20 };
    const before = toGraph(view, 120, 80);
    const after = toGraph(zoom(view, 1.7, 120, 80), 120, 80);
    expect(after[0]).toBeCloseTo(before[0]);
    expect(after[1]).toBeCloseTo(before[1]);
    expect(pan(view, 5, 6)).toEqual({ scale: 1.5, x: 35, y: -14 });
  });

  it("finds the node under the pointer, and none beside it", () => {
    const positions = Float32Array.from([0, 0, 100, 0]);
    const radii = Float32Array.from([5, 5]);
    const view = { scale: 2, x: 50, y: 50 };
    const index = indexOf(positions);
    expect(nodeAt(index, positions, radii, view, [253, 52])).toBe(1);
    expect(nodeAt(index, positions, radii, view, [150, 50])).toBeNull();
  });
});

describe("labels", () => {
  it("keep both ends when they are long", () => {
    expect(shorten("short")).toBe("short");
    expect(shorten(`${"a".repeat(40)}tail`)).toHaveLength(28);
    expect(shorten(`head${"a".repeat(40)}`)).toMatch(/^heada+…a+$/);
  });

  it("do not lie over one another", () => {
    const box = { x: 0, y: 0, width: 10, height: 10 };
    expect(overlap(box, { ...box, x: 9 })).toBe(true);
    expect(overlap(box, { ...box, x: 10 })).toBe(false);
  });
});
