import { ListFilter, Search, X } from "lucide-react";
import { type KeyboardEvent, type ReactNode, type RefObject, useEffect, useState } from "react";
import type { FilterBox as FilterRule } from "../../app/source";

interface FilterBoxProps {
  rule: FilterRule;
  /** The filter that the list is made with. */
  applied: string;
  /** Changes when the address was read anew; what was typed and not applied is dropped then. */
  stamp: object;
  input: RefObject<HTMLInputElement | null>;
  /** Each change of the text, for the address. */
  onType(text: string): void;
  onApply(text: string): void;
  /** The analyst goes on to the list. */
  onLeave(): void;
}

/** The filter of the list: typing changes the address only, Enter or the button asks the server. */
export function FilterBox({ rule, applied, stamp, input, onType, onApply, onLeave }: FilterBoxProps): ReactNode {
  const [text, setText] = useState(applied);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the stamp stands for a new address
  useEffect(() => setText(applied), [applied, stamp]);
  useEffect(() => input.current?.focus(), [input]);
  const wanted = text.trim();
  const fault = wanted === "" ? null : rule.fault(wanted);
  const type = (value: string) => {
    setText(value);
    onType(value.trim());
  };
  const press = (event: KeyboardEvent) => {
    if (event.key === "Enter") onApply(wanted);
    else if (event.key === "Escape" || event.key === "ArrowDown") onLeave();
    else return;
    event.preventDefault();
  };
  return (
    <div className={`field query ${fault ? "has-error" : ""}`} role="search">
      <ListFilter className="icon icon-s" aria-hidden />
      <input
        ref={input}
        id={rule.id}
        type="text"
        autoComplete="off"
        spellCheck={false}
        maxLength={4096}
        aria-label={`${rule.label}: ${rule.hint}`}
        aria-invalid={fault !== null}
        aria-describedby={fault ? "filter-fault" : undefined}
        placeholder={rule.placeholder}
        value={text}
        onChange={(event) => type(event.target.value)}
        onKeyDown={press}
      />
      {fault && (
        <span id="filter-fault" className="filter-fault" role="status">
          {fault}
        </span>
      )}
      {fault === null && wanted !== applied && <span className="filter-hint">Enter applies it</span>}
      {text !== "" && (
        <button
          type="button"
          id="reset_ip_filter"
          className="btn btn-icon btn-s"
          aria-label="Reset the filter"
          title="Reset the filter and reload"
          onClick={() => {
            type("");
            onApply("");
          }}
        >
          <X className="icon icon-s" aria-hidden />
        </button>
      )}
      <button
        type="button"
        id="btn_searchIp"
        className="btn btn-icon btn-s"
        aria-label="Apply the filter"
        title={rule.hint}
        onClick={() => onApply(wanted)}
      >
        <Search className="icon icon-s" aria-hidden />
      </button>
      <kbd className="kbd">/</kbd>
    </div>
  );
}
