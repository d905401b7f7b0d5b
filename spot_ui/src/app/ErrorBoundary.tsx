import { Component, type ReactNode } from "react";
import { Failure } from "../design/State";

/** Shows a fault of the page itself instead of an empty window. */
export class ErrorBoundary extends Component<{ children: ReactNode }, { error: Error | null }> {
  override state: { error: Error | null } = { error: null };

  static getDerivedStateFromError(error: Error): { error: Error } {
    return { error };
  }

  override render(): ReactNode {
    if (this.state.error === null) return this.props.children;
    return <Failure title="This page has failed" error={this.state.error} onRetry={() => location.reload()} />;
  }
}
