import { CircleX, RotateCw } from "lucide-react";
import { type ReactNode, useEffect, useState } from "react";

/** A sentence or two in the middle of a panel, with what can be done about it. */
export function State(props: {
  icon?: ReactNode;
  title: string;
  children?: ReactNode;
  actions?: ReactNode;
}): ReactNode {
  return (
    <div className="state" role="status">
      {props.icon}
      <h3>{props.title}</h3>
      {props.children}
      {props.actions && <div className="line">{props.actions}</div>}
    </div>
  );
}

/** A panel that could not be filled: what failed, why, and a way to try again. */
export function Failure({ title, error, onRetry }: { title: string; error: Error; onRetry(): void }): ReactNode {
  return (
    <div className="state state-error" role="alert">
      <CircleX className="icon" aria-hidden />
      <h3>{title}</h3>
      <p>{error.message}</p>
      <div className="line">
        <button type="button" className="btn btn-main" onClick={onRetry}>
          <RotateCw className="icon icon-s" aria-hidden />
          Retry
        </button>
      </div>
    </div>
  );
}

/** True once `on` has lasted for `ms`: quick answers show no skeleton. */
export function useLate(on: boolean, ms = 200): boolean {
  const [late, setLate] = useState(false);
  useEffect(() => {
    if (!on) {
      setLate(false);
      return;
    }
    const timer = setTimeout(() => setLate(true), ms);
    return () => clearTimeout(timer);
  }, [on, ms]);
  return on && late;
}
