import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { type ReactNode, StrictMode } from "react";
import { createRoot } from "react-dom/client";
import "../design/tokens.css";
import "../design/ground.css";
import "../design/frame.css";
import "../design/controls.css";
import "../design/table.css";
import "../design/marks.css";
import "../design/layers.css";
import "../design/work.css";
import { ErrorBoundary } from "./ErrorBoundary";
import { hideToken } from "./site";

/** Puts a page into its HTML. Nothing is asked again by itself: the analyst decides when the list changes. */
export function mount(page: ReactNode): void {
  hideToken();
  const client = new QueryClient({
    defaultOptions: {
      queries: {
        retry: false,
        staleTime: Number.POSITIVE_INFINITY,
        refetchOnWindowFocus: false,
        refetchOnReconnect: false,
      },
    },
  });
  createRoot(document.getElementById("root") as HTMLElement).render(
    <StrictMode>
      <ErrorBoundary>
        <QueryClientProvider client={client}>{page}</QueryClientProvider>
      </ErrorBoundary>
    </StrictMode>,
  );
}
