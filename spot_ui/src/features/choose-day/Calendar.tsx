import { ChevronLeft, ChevronRight } from "lucide-react";
import { type KeyboardEvent, type ReactNode, useEffect, useMemo, useRef, useState } from "react";
import type { Day } from "../../api/days";
import { todayUtc } from "../../app/fragment";
import { MONTHS, plural } from "../../design/format";
import { dayByKey, shiftMonth, weeksOf } from "./calendar";

interface CalendarProps {
  day: string;
  days: readonly Day[] | undefined;
  onChoose(day: string): void;
  onClose(): void;
}

const BAR = 22;

function spoken(date: string, day: Day | undefined, known: boolean): string {
  const name = `${Number(date.slice(8))} ${MONTHS[Number(date.slice(5, 7)) - 1]}`;
  if (!known) return name;
  return day === undefined ? `${name}, no data` : `${name}, ${plural(day.rows, ["row", "rows"])}, ${day.rated} rated`;
}

interface DayButtonProps {
  date: string;
  data: Day | undefined;
  known: boolean;
  picked: boolean;
  focusable: boolean;
  onChoose(day: string): void;
}

/** One day; the bar below it is as full as its rows are decided. */
function DayButton({ date, data, known, picked, focusable, onChoose }: DayButtonProps): ReactNode {
  const classes = [known && !data ? "none" : "", picked ? "picked" : "", date === todayUtc() ? "today" : ""];
  const share = data && data.rows > 0 ? Math.min(1, data.rated / data.rows) : 0;
  return (
    <button
      type="button"
      data-date={date}
      className={classes.filter(Boolean).join(" ")}
      aria-label={spoken(date, data, known)}
      aria-pressed={picked}
      tabIndex={focusable ? 0 : -1}
      onClick={() => onChoose(date)}
    >
      {Number(date.slice(8))}
      {data && (
        <svg width={BAR} height="4" aria-hidden="true">
          <rect className="bg" width={BAR} height="4" rx="2" />
          <rect className="fg" width={share * BAR} height="4" rx="2" />
        </svg>
      )}
    </button>
  );
}

function MonthStep(props: { by: -1 | 1; onStep(by: -1 | 1): void }): ReactNode {
  const Icon = props.by < 0 ? ChevronLeft : ChevronRight;
  return (
    <button
      type="button"
      className="btn btn-icon btn-s"
      aria-label={props.by < 0 ? "Previous month" : "Next month"}
      onClick={() => props.onStep(props.by)}
    >
      <Icon className="icon icon-s" aria-hidden />
    </button>
  );
}

/** A month with marks on the days that have data. Arrows move, PageUp and PageDown change the month, Esc closes. */
export function Calendar({ day, days, onChoose, onClose }: CalendarProps): ReactNode {
  const [at, setAt] = useState(day);
  const box = useRef<HTMLDivElement>(null);
  const marks = useMemo(() => new Map(days?.map((one) => [one.date, one])), [days]);
  useEffect(() => {
    box.current?.querySelector<HTMLElement>(`[data-date="${at}"]`)?.focus();
  }, [at]);
  const press = (event: KeyboardEvent) => {
    const to = dayByKey(at, event.key);
    if (event.key === "Escape") onClose();
    else if (to !== null) setAt(to);
    else return;
    event.preventDefault();
  };
  return (
    <div className="calendar" ref={box} role="dialog" aria-label="Choose a day" data-own-keys onKeyDown={press}>
      <div className="calendar-head">
        <h2 aria-live="polite">{`${MONTHS[Number(at.slice(5, 7)) - 1]} ${at.slice(0, 4)}`}</h2>
        <MonthStep by={-1} onStep={(by) => setAt(shiftMonth(at, by))} />
        <MonthStep by={1} onStep={(by) => setAt(shiftMonth(at, by))} />
      </div>
      <table>
        <thead>
          <tr>
            {["Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"].map((name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {weeksOf(at).map((week) => (
            <tr key={week[0]}>
              {week.map((date) => (
                <td key={date} className={date.slice(0, 7) === at.slice(0, 7) ? undefined : "outside"}>
                  <DayButton
                    date={date}
                    data={marks.get(date)}
                    known={days !== undefined}
                    picked={date === day}
                    focusable={date === at}
                    onChoose={onChoose}
                  />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      <p className="cal-foot muted">
        {days === undefined ? "Which days have data is not known." : "Bar: share decided. No bar: no data."}{" "}
        <kbd className="kbd">[</kbd> <kbd className="kbd">]</kbd> previous, next
      </p>
    </div>
  );
}
