import type { ReactNode } from "react";
import { writeState } from "../app/usePageState";
import { DayPicker } from "../features/choose-day/DayPicker";
import { FilterBox } from "../features/filter-rows/FilterBox";
import { PAGE, type Workbench } from "./useWorkbench";

/** The day and the filter. */
export function QueryBar({ bench }: { bench: Workbench }): ReactNode {
  const { source, state, go, data, filterInput, filter } = bench;
  return (
    <section className="querybar" aria-label="Day and filter">
      <h1 className="vh">{`Spot :: ${source.title} :: ${PAGE.title}`}</h1>
      <DayPicker day={state.day} days={data.days.data} onChoose={(day) => go({ day, filter: "" })} />
      <FilterBox
        rule={source.filter}
        applied={state.filter}
        stamp={state}
        input={filterInput}
        onType={(text) => writeState({ ...state, filter: text }, false)}
        onApply={filter}
        onLeave={() => document.querySelector<HTMLElement>(".w-list .panel-scroll")?.focus()}
      />
    </section>
  );
}
