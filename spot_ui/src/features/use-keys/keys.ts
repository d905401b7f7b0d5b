/** Keyboard commands: one list binds them and prints the help, so the two cannot differ. */

import { useEffect, useRef } from "react";

export interface KeyCommand {
  /** Values of KeyboardEvent.key that trigger it. */
  readonly keys: readonly string[];
  readonly group: "Rows" | "Decide" | "Page";
  readonly help: string;
  /** Does it; gives false when there was nothing to do, so that the browser may act. */
  run(event: KeyboardEvent): boolean;
}

/** Whether keys typed there are text, or belong to a layer above the page. */
export function isBusy(target: EventTarget | null): boolean {
  const element = target as HTMLElement | null;
  if (document.querySelector("dialog[open]") !== null) return true;
  if (element?.matches?.("input:not([type=checkbox]), textarea, select, [contenteditable]")) return true;
  return element?.closest?.("[data-own-keys]") != null;
}

/** Whether Enter belongs to the focused control itself. */
function isControl(target: EventTarget | null): boolean {
  return (target as HTMLElement | null)?.matches?.("button, a[href], input") ?? false;
}

/** The command of a key press, if any. */
export function commandOf(commands: readonly KeyCommand[], event: KeyboardEvent): KeyCommand | undefined {
  if (event.ctrlKey || event.metaKey || event.altKey) return undefined;
  return commands.find((command) => command.keys.includes(event.key));
}

/** Binds the commands to the window; off inside inputs and dialogs. */
export function useKeys(commands: readonly KeyCommand[]): void {
  const latest = useRef(commands);
  latest.current = commands;
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.defaultPrevented || isBusy(event.target)) return;
      if (event.key === "Enter" && isControl(event.target)) return;
      const command = commandOf(latest.current, event);
      if (command !== undefined && command.run(event) !== false) event.preventDefault();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, []);
}
