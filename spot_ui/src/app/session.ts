/** Whether the server still knows us. Any request may find out that it does not; signing in puts it right. */

import { useSyncExternalStore } from "react";
import { siteUrl } from "./site";

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

/** Signs in with a token; the server answers with its cookie. False when the token is not the right one. */
export async function signIn(token: string): Promise<boolean> {
  const response = await fetch(siteUrl("api/me"), {
    headers: { Authorization: `token ${token}` },
    credentials: "same-origin",
    redirect: "error",
  });
  if (!response.ok) return false;
  set(false);
  return true;
}
