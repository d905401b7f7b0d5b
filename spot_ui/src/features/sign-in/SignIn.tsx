import { Archive } from "lucide-react";
import { type FormEvent, type ReactNode, useEffect, useId, useRef, useState } from "react";
import { signIn } from "../../app/session";
import { plural } from "../../design/format";

interface SignInProps {
  /** Ratings that wait to be sent. */
  waiting: number;
  onSignedIn(): void;
}

const WRONG = "The server does not accept this token.";
const AWAY = "The server could not be reached. Try again.";

/** Asks for the token when the session has ended; nothing on the page is lost meanwhile. */
export function SignIn({ waiting, onSignedIn }: SignInProps): ReactNode {
  const ref = useRef<HTMLDialogElement>(null);
  const heading = useId();
  const [token, setToken] = useState("");
  const [fault, setFault] = useState<string | null>(null);
  useEffect(() => {
    if (ref.current?.open === false) ref.current.showModal();
  }, []);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const outcome = await signIn(token.trim())
      .then((good) => (good ? null : WRONG))
      .catch(() => AWAY);
    setFault(outcome);
    if (outcome === null) onSignedIn();
  };
  return (
    <dialog ref={ref} className="dialog" aria-labelledby={heading}>
      <form onSubmit={submit}>
        <div className="dialog-body">
          <h3 id={heading}>Sign in again</h3>
          <p>Your session has ended. Day, filter and selection stay as they are.</p>
          {waiting > 0 && (
            <p className="line kept">
              <Archive className="icon icon-s" aria-hidden />
              <span>
                <b>{plural(waiting, ["rating", "ratings"])}</b> {waiting === 1 ? "waits" : "wait"} here and{" "}
                {waiting === 1 ? "is" : "are"} sent after you sign in.
              </span>
            </p>
          )}
          <label className="stack1">
            <span className="muted">Token (the command: spot ui url)</span>
            <span className="field">
              <input
                type="password"
                autoComplete="current-password"
                value={token}
                onChange={(event) => setToken(event.target.value)}
              />
            </span>
          </label>
          {fault && (
            <p className="fault" role="alert">
              {fault}
            </p>
          )}
        </div>
        <div className="dialog-foot">
          <button type="button" className="btn btn-quiet" onClick={() => ref.current?.close()}>
            Look only
          </button>
          <button type="submit" className="btn btn-main" disabled={token.trim() === ""}>
            {waiting > 0 ? "Sign in and send" : "Sign in"}
          </button>
        </div>
      </form>
    </dialog>
  );
}
