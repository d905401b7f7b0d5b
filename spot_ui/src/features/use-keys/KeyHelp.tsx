import type { ReactNode } from "react";
import { Dialog } from "../../design/Dialog";
import type { KeyCommand } from "./keys";

const GROUPS = ["Rows", "Decide", "Page"] as const;
const NAMES: Record<string, string> = { ArrowDown: "↓", ArrowUp: "↑", Escape: "Esc" };

/** One key as it stands on the keyboard. */
export function Key({ name }: { name: string }): ReactNode {
  return <kbd className="kbd">{NAMES[name] ?? name}</kbd>;
}

/** The list of all commands, made from the list that binds them. */
export function KeyHelp({ commands, onClose }: { commands: readonly KeyCommand[]; onClose(): void }): ReactNode {
  return (
    <Dialog title="Keyboard" note="off while you type" className="keys" onClose={onClose}>
      <div className="keygrid">
        {GROUPS.map((group) => (
          <div key={group}>
            <h4>{group}</h4>
            <dl>
              {commands
                .filter((command) => command.group === group)
                .map((command) => (
                  <div className="keyrow" key={command.help}>
                    <dt>
                      {command.keys.slice(0, 2).map((name) => (
                        <Key key={name} name={name} />
                      ))}
                    </dt>
                    <dd>{command.help}</dd>
                  </div>
                ))}
            </dl>
          </div>
        ))}
      </div>
    </Dialog>
  );
}
