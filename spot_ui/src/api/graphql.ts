/** The one way to the API: a POST of a document and its variables, a typed answer or an error that says what happened. */

import { sessionEnded } from "../app/session";
import { siteUrl } from "../app/site";

/** A query or mutation document with the types of its answer and variables. */
export interface Operation<_Answer, _Variables> {
  readonly text: string;
}

/** All documents of the page; a test holds them against the schema. */
export const operations: string[] = [];

/** Marks a GraphQL document with its types. */
export function operation<Answer, Variables>(text: string): Operation<Answer, Variables> {
  operations.push(text);
  return { text };
}

export type FailureKind = "session" | "network" | "server" | "refused";

/** A request that brought no usable answer. `kind` says whose move it is. */
export class ApiError extends Error {
  readonly kind: FailureKind;

  constructor(kind: FailureKind, message: string) {
    super(message);
    this.name = "ApiError";
    this.kind = kind;
  }
}

interface Payload {
  data?: unknown;
  errors?: { message?: unknown }[];
}

/** Value of a cookie of this site, or an empty text. */
export function cookie(name: string, jar: string): string {
  for (const part of jar.split(";")) {
    const [key, ...rest] = part.trim().split("=");
    if (key === name) return rest.join("=");
  }
  return "";
}

/** The text of an answer's errors, one line, at most three of them. */
function explain(payload: Payload): string {
  const texts = (payload.errors ?? []).map((error) => String(error.message ?? "no reason given"));
  return texts.slice(0, 3).join("; ");
}

async function post(body: string, signal?: AbortSignal): Promise<Response> {
  try {
    return await fetch(siteUrl("graphql"), {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-XSRFToken": cookie("_xsrf", document.cookie) },
      body,
      credentials: "same-origin",
      redirect: "error",
      signal,
    });
  } catch (cause) {
    if (signal?.aborted) throw cause;
    throw new ApiError("network", "The server could not be reached.");
  }
}

/**
 * Runs one operation. Throws ApiError: `session` when the server no longer knows us, `network` when there was no answer,
 * `refused` when the API answered with errors (any error fails the whole answer), `server` for everything else.
 */
export async function request<Answer, Variables>(
  document: Operation<Answer, Variables>,
  variables: Variables,
  signal?: AbortSignal,
): Promise<Answer> {
  const response = await post(JSON.stringify({ query: document.text, variables }), signal);
  if (response.status === 401 || response.status === 403) {
    sessionEnded();
    throw new ApiError("session", "Your session has ended.");
  }
  const payload = (await response.json().catch(() => ({}))) as Payload;
  if (payload.errors?.length) throw new ApiError("refused", explain(payload));
  if (!response.ok || payload.data === undefined) {
    throw new ApiError("server", `The server answered ${response.status} ${response.statusText}`.trim());
  }
  return payload.data as Answer;
}
