import type { ReactNode } from "react";
import { Key } from "../features/use-keys/KeyHelp";

const HINTS: readonly (readonly [keys: readonly string[], does: string])[] = [
  [["j", "k"], "move"],
  [["Enter"], "details"],
  [["x"], "select"],
  [["1", "2", "3"], "rate"],
  [["/"], "filter"],
  [["?"], "all keys"],
];

/** Keys at the left, facts about the list at the right. */
export function StatusBar({ facts }: { facts: readonly string[] }): ReactNode {
  return (
    <footer className="statusbar">
      {HINTS.map(([keys, does]) => (
        <span className="hint" key={does}>
          {keys.map((key) => (
            <Key key={key} name={key} />
          ))}{" "}
          {does}
        </span>
      ))}
      <span className="spacer" />
      {facts.map((fact) => (
        <span key={fact}>{fact}</span>
      ))}
    </footer>
  );
}
