import { Maximize2, Minimize2 } from "lucide-react";
import type { ReactNode } from "react";

/** Gives a panel all the room of the work area, and back. */
export function FullButton({ what, full, onToggle }: { what: string; full: boolean; onToggle(): void }): ReactNode {
  const label = full ? "Restore the panels" : `${what}: full screen`;
  const Icon = full ? Minimize2 : Maximize2;
  return (
    <button
      type="button"
      className="btn btn-icon only-wide"
      aria-label={label}
      title={label}
      aria-pressed={full}
      onClick={onToggle}
    >
      <Icon className="icon" aria-hidden />
    </button>
  );
}
