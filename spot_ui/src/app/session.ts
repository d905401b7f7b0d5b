/** Whether the server still knows us. Any request may find out that it does not; signing in puts it right. */

import { useSyncExternalStore } from "react";

let ended = false;
const listeners = new Set<() => void>();

function set(value: boolean): void {
  if (ended === value) return;
  ended = value;
  for (const listener of listeners) listener();
}

/** Notes that a request was refused for want of a session. */
export function sessionEnded(): void {
  set(true);
}

export function useSessionEnded(): boolean {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => ended,
  );
}

/**
 * Signs in with a token by asking for this page again: the server then sets the cookies of a session anew.
 * False when the token is not the right one, for then the server leads to its login.
 */
export async function signIn(token: string): Promise<boolean> {
  const response = await fetch(location.pathname, {
    headers: { Authorization: `token ${token}` },
    credentials: "same-origin",
    redirect: "manual",
    cache: "no-store",
  });
  if (!response.ok) return false;
  set(false);
  return true;
}
