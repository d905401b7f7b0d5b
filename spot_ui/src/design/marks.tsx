/** Small things that stand in cells: addresses, names, shields, amounts. Data always arrives as text. */

import type { ReactNode } from "react";
import { bytes, count } from "./format";
import { highest, parseReputation, reputationText } from "./reputation";

const WORDS: Record<number, string> = { 3: "high", 2: "medium", 1: "low", 0: "none", [-1]: "unknown" };

const SHIELD = "M7 1 12.4 3.1V7c0 3.1-2.3 5.2-5.4 6.2C3.9 12.2 1.6 10.1 1.6 7V3.1z";

/** What lies inside the shield: filled with a mark, half filled, dotted, or empty. */
function ShieldFilling({ level }: { level: number }): ReactNode {
  if (level === 3) {
    return (
      <>
        <path fill="currentColor" d={SHIELD} />
        <path className="rep-bang" d="M7 4v3.4M7 9.9v.1" />
      </>
    );
  }
  if (level === 2) return <path fill="currentColor" d="M7 1v12.2C3.9 12.2 1.6 10.1 1.6 7V3.1z" />;
  return level === 1 ? <circle fill="currentColor" cx="7" cy="7" r="1.7" /> : null;
}

/** The shield of a reputation text; nothing where no service spoke. */
export function Shield({ text }: { text: string | null }): ReactNode {
  const services = parseReputation(text);
  if (services.length === 0) return null;
  const level = highest(services);
  return (
    <svg className={`rep rep-${Math.max(0, level)}`} viewBox="0 0 14 14" role="img">
      <title>{`Reputation ${WORDS[level]}: ${reputationText(services)}`}</title>
      <path className="rep-edge" d={SHIELD} />
      <ShieldFilling level={level} />
    </svg>
  );
}

interface AddressProps {
  ip: string;
  internal: boolean;
  reputation?: string | null;
  geo?: string | null;
  domain?: string | null;
}

/** An address: internal ones as a pill, external ones plain with what is known about them. */
export function Address({ ip, internal, reputation = null, geo = null, domain = null }: AddressProps): ReactNode {
  if (internal) {
    return (
      <span className="who">
        <span className="addr addr-in">{ip}</span>
      </span>
    );
  }
  const place = [geo, domain].filter(Boolean).join(", ");
  return (
    <span className="who">
      <span className="addr addr-out">{ip}</span>
      {(reputation || place) && (
        <span className="marks">
          <Shield text={reputation} />
          {place && (
            <span className="geo" title={place}>
              {(geo || domain || "").slice(0, 14)}
            </span>
          )}
        </span>
      )}
    </span>
  );
}

/** A domain name: what was registered in full strength and never cut, the rest quiet and cut first. */
export function DomainName({ name, registered }: { name: string; registered: string | null }): ReactNode {
  const rest = registered && name.endsWith(`.${registered}`) ? name.slice(0, -registered.length) : "";
  return (
    <span className="qname">
      {rest && <span className="sub">{rest}</span>}
      <span className="dom">{rest ? registered : name}</span>
    </span>
  );
}

/** An amount of bytes with a quiet unit. */
export function Bytes({ value }: { value: number }): ReactNode {
  const [amount, unit] = bytes(value);
  return (
    <>
      {amount}
      {"\u202f"}
      <span className="unit">{unit}</span>
    </>
  );
}

/** A whole number. */
export function Count({ value }: { value: number }): ReactNode {
  return <>{count(value)}</>;
}

/** Several values of one cell, one line each. */
export function Lines({ texts, mono = false }: { texts: readonly (string | null)[]; mono?: boolean }): ReactNode {
  return texts.map((text, i) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: values may repeat and never move
    <span className={mono ? "cell-line mono" : "cell-line"} key={i}>
      {text}
    </span>
  ));
}
