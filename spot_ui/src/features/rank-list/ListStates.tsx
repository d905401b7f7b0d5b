import { CalendarX2, SearchX } from "lucide-react";
import type { ReactNode } from "react";
import { type Day, nearest } from "../../api/days";
import { formatState } from "../../app/fragment";
import type { Source } from "../../app/source";
import { dayLabel } from "../../design/format";
import { State } from "../../design/State";

interface EmptyDayProps {
  source: Source;
  day: string;
  days: readonly Day[] | undefined;
  /** How many rows of the day are rated. */
  rated: number;
}

/** A link to another day of this page. */
function DayLink({ day, main }: { day: string; main: boolean }): ReactNode {
  return (
    <a className={`btn ${main ? "btn-main" : ""}`} href={formatState({ day, filter: "" })}>
      {main ? `Go to ${dayLabel(day)}` : dayLabel(day)}
    </a>
  );
}

/** Says that a day has no rows, and which days next to it do. */
export function EmptyDay({ source, day, days, rated }: EmptyDayProps): ReactNode {
  const near = days === undefined ? [] : nearest(days, day);
  const decided = rated > 0;
  const title = decided ? `Everything is rated for ${dayLabel(day)}` : `Nothing was scored for ${dayLabel(day)}`;
  const elsewhere =
    near.length > 0
      ? `The nearest day with ranked ${source.noun[1]} is ${dayLabel(near[0] as string)}.`
      : days === undefined
        ? "Which days have data could not be read."
        : `No other day has ranked ${source.noun[1]} yet.`;
  return (
    <State
      icon={<CalendarX2 className="icon" aria-hidden />}
      title={title}
      actions={near.map((other, i) => <DayLink key={other} day={other} main={i === 0} />)}
    >
      <p>{elsewhere}</p>
    </State>
  );
}

/** Says that the filter leaves nothing, or cannot be one. */
export function NoMatch({
  filter,
  fault,
  onClear,
}: {
  filter: string;
  fault: string | null;
  onClear(): void;
}): ReactNode {
  return (
    <State
      icon={<SearchX className="icon" aria-hidden />}
      title={fault === null ? "No row fits the filter" : "This cannot be a filter here"}
      actions={
        <button type="button" className="btn" onClick={onClear}>
          Clear the filter
        </button>
      }
    >
      <p>
        {fault === null ? "No undecided row of the day holds " : `${fault}: `}
        <b className="mono">{filter}</b>
      </p>
    </State>
  );
}
