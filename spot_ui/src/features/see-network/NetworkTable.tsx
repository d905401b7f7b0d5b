import { ListFilter } from "lucide-react";
import { type ReactNode, useMemo } from "react";
import type { Column, Source } from "../../app/source";
import { DataTable } from "../../design/DataTable";
import type { GraphModel, GraphNode } from "./graph";

interface NetworkTableProps {
  source: Source;
  model: GraphModel;
  onFilter(value: string): void;
  onPickRows(rows: ReadonlySet<string>): void;
}

interface Line {
  readonly node: GraphNode;
  /** Nodes it is joined with. */
  readonly peers: readonly string[];
}

/** Nodes with those they are joined to, the busiest first. */
export function linesOf(model: GraphModel): Line[] {
  const peers = model.nodes.map((): string[] => []);
  for (const edge of model.edges) {
    peers[edge.from]?.push(model.nodes[edge.to]?.label ?? "");
    peers[edge.to]?.push(model.nodes[edge.from]?.label ?? "");
  }
  return model.nodes
    .map((node, i) => ({ node, peers: peers[i] ?? [] }))
    .sort((a, b) => b.node.rows.size - a.node.rows.size || a.node.label.localeCompare(b.node.label));
}

/** The network view in words, for those who do not see it or rather read. */
export function NetworkTable({ source, model, onFilter, onPickRows }: NetworkTableProps): ReactNode {
  const lines = useMemo(() => linesOf(model), [model]);
  const columns = useMemo(
    (): Column<Line>[] => [
      {
        key: "node",
        head: "Node",
        full: ({ node }) => node.label,
        cell: ({ node }) => (
          <button type="button" className="link mono" onClick={() => onPickRows(node.rows)}>
            {node.label}
          </button>
        ),
      },
      { key: "kind", head: "Kind", width: 66, cell: ({ node }) => source.graph.kinds[node.kind]?.legend },
      { key: "rows", head: "Rows", width: 44, align: "num", cell: ({ node }) => node.rows.size },
      {
        key: "peers",
        head: "Joined with",
        narrow: true,
        full: ({ peers }) => peers.join("\n"),
        cell: ({ peers }) => <span className="mono">{peers.join(", ")}</span>,
      },
      {
        key: "filter",
        head: "Filter",
        width: 48,
        quietHead: true,
        cell: ({ node: { filter, label } }) =>
          filter !== undefined && (
            <button
              type="button"
              className="btn btn-icon btn-s"
              aria-label={`Only rows with ${label}`}
              title="Only rows with it"
              onClick={() => onFilter(filter)}
            >
              <ListFilter className="icon icon-s" aria-hidden />
            </button>
          ),
      },
    ],
    [source, onFilter, onPickRows],
  );
  return <DataTable label="Nodes of the network view" columns={columns} rows={lines} rowId={({ node }) => node.id} />;
}
