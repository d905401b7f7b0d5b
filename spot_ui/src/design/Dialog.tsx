import { X } from "lucide-react";
import { type ReactNode, useEffect, useId, useRef } from "react";

interface DialogProps {
  title: string;
  note?: string;
  className?: string;
  onClose(): void;
  children: ReactNode;
}

/** A modal layer; the browser's own dialog keeps the focus inside and closes on Esc. */
export function Dialog({ title, note, className = "", onClose, children }: DialogProps): ReactNode {
  const ref = useRef<HTMLDialogElement>(null);
  const heading = useId();
  useEffect(() => {
    if (ref.current?.open === false) ref.current.showModal();
  }, []);
  return (
    <dialog ref={ref} className={`dialog ${className}`} aria-labelledby={heading} onClose={onClose}>
      <div className="panel-head">
        <h3 id={heading}>{title}</h3>
        {note && <span className="sub">{note}</span>}
        <span className="spacer" />
        <button type="button" className="btn btn-icon btn-s" aria-label="Close" onClick={() => ref.current?.close()}>
          <X className="icon icon-s" aria-hidden />
        </button>
      </div>
      {children}
    </dialog>
  );
}
