/** What a source says about itself; the pages are made of this and know no source by name. */

import type { ReactNode } from "react";
import type { GraphModel, NodeLook } from "../features/see-network/graph";

/** 1 high, 2 medium, 3 low. */
export type Rating = 1 | 2 | 3;

/** What every ranked row has, whatever its source. */
export interface RankedRow {
  /** Same for the same event after a reload. */
  readonly id: string;
  /** Place in the list, from 0. */
  readonly rank: number;
  /** Probability that the model gives the event; lower is more suspicious. */
  readonly score: number;
}

/** One column of a table. */
export interface Column<Row> {
  readonly key: string;
  readonly head: string;
  /** Width in px at the default font size; without it the column shares what is left. */
  readonly width?: number;
  readonly align?: "num" | "dir";
  /** Left out below 1201 px. */
  readonly narrow?: boolean;
  /** The head is for screen readers only. */
  readonly quietHead?: boolean;
  readonly cell: (row: Row) => ReactNode;
  /** Full text of a cell that may be cut, for its tooltip. */
  readonly full?: (row: Row) => string;
}

/** The filter box of a source. */
export interface FilterBox {
  readonly id: string;
  readonly label: string;
  readonly placeholder: string;
  readonly hint: string;
  /** Why the text cannot be a filter here, or null when it can. */
  fault(text: string): string | null;
}

/** One item that has been rated, as the API lists it. */
export interface RatedItem {
  readonly rating: Rating;
}

/** A label and its value in the panel that speaks about one row. */
export type Fact = readonly [label: string, value: ReactNode];

/** Everything a source brings. Method syntax keeps it assignable to the form the pages use. */
export interface Source<
  Row extends RankedRow = RankedRow,
  Detail extends object = object,
  Rated extends RatedItem = RatedItem,
> {
  readonly name: string;
  /** Place among the sources in the menu. */
  readonly order: number;
  /** Name in the menu, and in the page's title. */
  readonly menu: string;
  readonly title: string;
  /** What one row is, and many are. */
  readonly noun: readonly [one: string, many: string];
  readonly filter: FilterBox;

  readonly columns: readonly Column<Row>[];
  rows(day: string, filter: string, signal: AbortSignal): Promise<Row[]>;

  readonly details: {
    /** Which records the table holds, in a few words. */
    readonly scope: string;
    readonly columns: readonly Column<Detail>[];
    records(row: Row, day: string, signal: AbortSignal): Promise<Detail[]>;
  };

  readonly rating: {
    /** Rows with the same key are one thing to rate. */
    key(row: Row): string;
    /** Sends ratings of rows with different keys; one outcome per row, in order. */
    send(rows: readonly Row[], rating: Rating, day: string): Promise<boolean[]>;
    readonly columns: readonly Column<Rated>[];
    rated(day: string, signal: AbortSignal): Promise<Rated[]>;
  };

  readonly graph: {
    readonly kinds: Readonly<Record<string, NodeLook>>;
    build(rows: readonly Row[]): GraphModel;
  };

  /** The row in a few words, for headings. */
  headline(row: Row): string;
  facts(row: Row): readonly Fact[];
}

/** Checks a source's description against its own row types and gives it in the form that the pages use. */
export function defineSource<Row extends RankedRow, Detail extends object, Rated extends RatedItem>(
  source: Source<Row, Detail, Rated>,
): Source {
  return source as unknown as Source;
}
