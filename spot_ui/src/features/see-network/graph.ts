/** The network of the loaded rows: nodes, edges, and which rows stand behind each. */

/** How nodes of a kind look, and what the legend calls them. */
export interface NodeLook {
  readonly shape: "diamond" | "circle" | "ring";
  /** Token that fills the shape. */
  readonly fill: `--${string}`;
  readonly legend: string;
  /** Only holds others together: it gets no ring when one of its rows is rated. */
  readonly joint?: boolean;
}

export interface GraphNode {
  /** Unique: kind and value. */
  readonly id: string;
  readonly kind: string;
  readonly label: string;
  /** Value that a right click filters by; absent where it cannot. */
  readonly filter?: string;
  /** Ids of the rows that this node appears in. */
  readonly rows: ReadonlySet<string>;
}

export interface GraphEdge {
  /** Places of the ends in the list of nodes. */
  readonly from: number;
  readonly to: number;
  /** Highest -ln(score) of its rows. */
  readonly strength: number;
  readonly rows: ReadonlySet<string>;
}

export interface GraphModel {
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
}

interface OpenNode extends GraphNode {
  readonly rows: Set<string>;
}

interface OpenEdge extends GraphEdge {
  strength: number;
  readonly rows: Set<string>;
}

/** Collects nodes and edges; the same node or pair of ends twice is one. */
export class GraphBuilder {
  private readonly nodes: OpenNode[] = [];
  private readonly places = new Map<string, number>();
  private readonly edges = new Map<string, OpenEdge>();

  /** Adds a row to a node and gives its place. */
  node(kind: string, value: string, row: string, options: { label?: string; filter?: string } = {}): number {
    const id = `${kind}:${value}`;
    let place = this.places.get(id);
    if (place === undefined) {
      place = this.nodes.length;
      this.places.set(id, place);
      this.nodes.push({ id, kind, label: options.label ?? value, filter: options.filter, rows: new Set() });
    }
    this.nodes[place]?.rows.add(row);
    return place;
  }

  /** Adds a row to the edge between two places; both directions are one edge, one end alone is none. */
  edge(a: number, b: number, row: string, strength: number): void {
    if (a === b) return;
    const [from, to] = a < b ? [a, b] : [b, a];
    const key = `${from}-${to}`;
    const edge = this.edges.get(key);
    if (edge === undefined) this.edges.set(key, { from, to, strength, rows: new Set([row]) });
    else {
      edge.strength = Math.max(edge.strength, strength);
      edge.rows.add(row);
    }
  }

  done(): GraphModel {
    return { nodes: this.nodes, edges: [...this.edges.values()] };
  }
}

/** Radius in px: the area grows with the rows, from 0.1 % (1 row) to 5 % (250 rows) of the square of the side. */
export function radius(rows: number, side: number): number {
  const share = 0.001 + (0.049 * (Math.min(rows, 250) - 1)) / 249;
  return Math.max(3, Math.sqrt((share * side * side) / Math.PI));
}
