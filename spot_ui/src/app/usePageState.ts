import { useCallback, useEffect, useState } from "react";
import { formatState, type PageState, parseState, todayUtc } from "./fragment";

const read = (): PageState => parseState(location.hash, todayUtc());

/** Puts a state into the address. `push` makes it a step that Back returns from. */
export function writeState(state: PageState, push: boolean): void {
  const target = formatState(state);
  if (target === location.hash) return;
  if (push) history.pushState(null, "", target);
  else history.replaceState(null, "", target);
}

/** The page's state: follows the address (also when it is edited or on Back) and writes to it. */
export function usePageState(): [PageState, (next: PageState) => void] {
  const [state, setState] = useState(read);
  useEffect(() => {
    const follow = () => setState(read());
    addEventListener("hashchange", follow);
    addEventListener("popstate", follow);
    return () => {
      removeEventListener("hashchange", follow);
      removeEventListener("popstate", follow);
    };
  }, []);
  const change = useCallback((next: PageState) => {
    writeState(next, true);
    setState(next);
  }, []);
  return [state, change];
}
