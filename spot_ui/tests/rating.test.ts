import { describe, expect, it } from "vitest";
import type { RankedRow } from "../src/app/source";
import { between } from "../src/features/rank-list/useCursor";
import { again, begin, drop, type Marks, type Order, place, settle } from "../src/features/rate/ratings";
import { commandOf, type KeyCommand } from "../src/features/use-keys/keys";
import { nextOf } from "../src/pages/nextOf";

const DAY = "2026-03-17";
const row = (id: string): RankedRow => ({ id, rank: 0, score: 1e-9 });
const order = (ticket: number, keys: string[], rating: 1 | 2 | 3 = 1, day = DAY): Order => ({
  ticket,
  day,
  rating,
  things: new Map(keys.map((key) => [key, row(key)])),
});
const status = (marks: Marks, key: string) => marks.get(place(DAY, key))?.status;

describe("ratings", () => {
  it("are shown at once and confirmed one by one", () => {
    const one = order(1, ["a", "b"]);
    const sent = begin(new Map(), one);
    expect(status(sent, "a")).toBe("sending");
    const done = settle(sent, one, [true, false]);
    expect(status(done, "a")).toBe("saved");
    expect(status(done, "b")).toBe("failed");
  });

  it("all fail with the reason of a request that failed", () => {
    const one = order(1, ["a", "b"]);
    const failed = settle(begin(new Map(), one), one, "The server could not be reached.");
    expect([...failed.values()].map((mark) => mark.reason)).toEqual(Array(2).fill("The server could not be reached."));
  });

  it("are not changed by the answer to an older request", () => {
    const [old, fresh] = [order(1, ["a"], 1), order(2, ["a"], 3)];
    const marks = settle(begin(begin(new Map(), old), fresh), old, "lost");
    expect(marks.get(place(DAY, "a"))).toMatchObject({ rating: 3, status: "sending" });
  });

  it("are sent again by day and rating", () => {
    const orders = [order(1, ["a"], 1), order(2, ["b"], 2), order(3, ["c"], 1), order(4, ["d"], 1, "2026-03-13")];
    const marks = orders.reduce((now, one) => settle(begin(now, one), one, "lost"), new Map() as Marks);
    let ticket = 10;
    const retried = again(marks, () => ++ticket);
    expect(retried.map((one) => [one.day, one.rating, [...one.things.keys()]])).toEqual([
      [DAY, 1, ["a", "c"]],
      [DAY, 2, ["b"]],
      ["2026-03-13", 1, ["d"]],
    ]);
    expect(retried.map((one) => one.ticket)).toEqual([11, 12, 13]);
  });

  it("are forgotten once saved, while failed ones stay", () => {
    const [good, bad] = [order(1, ["a"]), order(2, ["b"])];
    const marks = settle(settle(begin(begin(new Map(), good), bad), good, [true]), bad, "lost");
    expect([...drop(marks, "saved").keys()]).toEqual([place(DAY, "b")]);
  });
});

describe("the cursor", () => {
  const rows = ["a", "b", "c", "d"].map(row);

  it("selects what lies between, in either direction", () => {
    expect(between(rows, "b", "d")).toEqual(["b", "c", "d"]);
    expect(between(rows, "d", "b")).toEqual(["b", "c", "d"]);
    expect(between(rows, "gone", "b")).toEqual(["b"]);
  });

  it("walks through the rows of a picked node", () => {
    const some = new Set(["b", "d"]);
    expect(nextOf(rows, some, null)).toBe("b");
    expect(nextOf(rows, some, "b")).toBe("d");
    expect(nextOf(rows, some, "d")).toBe("b");
    expect(nextOf(rows, new Set(), "a")).toBeNull();
  });
});

describe("keys", () => {
  const commands: KeyCommand[] = [{ keys: ["j"], group: "Rows", help: "next row", run: () => true }];
  const press = (key: string, more = {}) =>
    ({ key, ctrlKey: false, metaKey: false, altKey: false, ...more }) as KeyboardEvent;

  it("find their command, and leave the browser's own combinations alone", () => {
    expect(commandOf(commands, press("j"))).toBe(commands[0]);
    expect(commandOf(commands, press("q"))).toBeUndefined();
    expect(commandOf(commands, press("j", { ctrlKey: true }))).toBeUndefined();
  });
});
