import { CalendarDays, ChevronDown, ChevronLeft, ChevronRight } from "lucide-react";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { type Day, neighbour } from "../../api/days";
import { dayLabel, shiftDay } from "../../design/format";
import { Calendar } from "./Calendar";

interface DayPickerProps {
  day: string;
  /** Days with data; undefined while they are not known. */
  days: readonly Day[] | undefined;
  onChoose(day: string): void;
}

/** The day with data before or after one; any day while the days are not known. */
export function step(days: readonly Day[] | undefined, day: string, direction: -1 | 1): string | null {
  return days === undefined ? shiftDay(day, direction) : neighbour(days, day, direction);
}

/** Calls back when a press or the focus leaves the element. */
function useOutside(ref: React.RefObject<HTMLElement | null>, on: boolean, leave: () => void): void {
  const latest = useRef(leave);
  latest.current = leave;
  useEffect(() => {
    if (!on) return;
    const check = (event: Event) => {
      if (!ref.current?.contains(event.target as Node)) latest.current();
    };
    document.addEventListener("pointerdown", check);
    document.addEventListener("focusin", check);
    return () => {
      document.removeEventListener("pointerdown", check);
      document.removeEventListener("focusin", check);
    };
  }, [ref, on]);
}

function Step(props: { to: string | null; direction: "Previous" | "Next"; onChoose(day: string): void }): ReactNode {
  const { to, direction } = props;
  const [Icon, key] = direction === "Previous" ? [ChevronLeft, "["] : [ChevronRight, "]"];
  return (
    <button
      type="button"
      className="day-step"
      aria-label={`${direction} day with data`}
      title={
        to === null
          ? `No day with data lies ${direction === "Previous" ? "before" : "after"}`
          : `${dayLabel(to)} ( ${key} )`
      }
      aria-disabled={to === null}
      onClick={() => to !== null && props.onChoose(to)}
    >
      <Icon className="icon icon-s" aria-hidden />
    </button>
  );
}

/** The day of the page, its neighbours with data, and a calendar to choose from. */
export function DayPicker({ day, days, onChoose }: DayPickerProps): ReactNode {
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const opener = useRef<HTMLButtonElement>(null);
  useOutside(box, open, () => setOpen(false));
  const close = () => {
    setOpen(false);
    opener.current?.focus();
  };
  return (
    <div className="day-box" ref={box}>
      <div className="day" role="group" aria-label="Day">
        <Step to={step(days, day, -1)} direction="Previous" onChoose={onChoose} />
        <button
          ref={opener}
          type="button"
          id="dataDatePicker"
          className="day-open"
          data-day={day}
          aria-haspopup="dialog"
          aria-expanded={open}
          onClick={() => setOpen(!open)}
        >
          <CalendarDays className="icon icon-s" aria-hidden />
          {dayLabel(day)}
          <ChevronDown className="icon icon-xs" aria-hidden />
        </button>
        <Step to={step(days, day, 1)} direction="Next" onChoose={onChoose} />
      </div>
      {open && (
        <Calendar
          day={day}
          days={days}
          onClose={close}
          onChoose={(chosen) => {
            close();
            onChoose(chosen);
          }}
        />
      )}
    </div>
  );
}
