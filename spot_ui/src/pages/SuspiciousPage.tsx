import { type ReactNode, useEffect } from "react";
import { AppBar } from "../app/AppBar";
import { StatusBar } from "../app/StatusBar";
import { useSessionEnded } from "../app/session";
import type { Source } from "../app/source";
import { plural } from "../design/format";
import { SignIn } from "../features/sign-in/SignIn";
import { KeyHelp } from "../features/use-keys/KeyHelp";
import { useKeys } from "../features/use-keys/keys";
import { commandsOf } from "./commands";
import { QueryBar } from "./QueryBar";
import { PAGE, useWorkbench } from "./useWorkbench";
import { WorkArea } from "./WorkArea";

/** One source, one day: its ranked rows, the network they make, the records behind them, and the analyst's ratings. */
export function SuspiciousPage({ source }: { source: Source }): ReactNode {
  const bench = useWorkbench(source);
  const { desk, rows, reload } = bench;
  const commands = commandsOf(bench);
  const ended = useSessionEnded();
  useKeys(commands);
  useEffect(() => {
    document.title = `${source.title} :: ${PAGE.title}`;
  }, [source]);
  const signedIn = () => {
    desk.retry();
    reload();
  };
  return (
    <div className="app">
      <AppBar source={source} day={bench.state.day} page={PAGE} onHelp={bench.help} />
      <QueryBar bench={bench} />
      <WorkArea bench={bench} />
      <StatusBar facts={["Times in UTC", `${plural(rows.length, source.noun)} listed`]} />
      <div role="status" aria-live="polite">
        {desk.notice && <div className="toast">{desk.notice}</div>}
      </div>
      {bench.helping && <KeyHelp commands={commands} onClose={() => bench.setHelping(false)} />}
      {ended && <SignIn waiting={desk.failed.length} onSignedIn={signedIn} />}
    </div>
  );
}
