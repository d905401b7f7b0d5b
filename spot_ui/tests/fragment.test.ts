import { describe, expect, it } from "vitest";
import { formatState, isDay, parsePairs, parseState, todayUtc } from "../src/app/fragment";
import { baseOf } from "../src/app/site";

const TODAY = "2026-03-20";

describe("the state in the address", () => {
  it("gives day and filter", () => {
    expect(parseState("#date=2016-07-08|filter=10.0.0.5", TODAY)).toEqual({ day: "2016-07-08", filter: "10.0.0.5" });
  });

  it("takes today where no day, or no day of the calendar, is given", () => {
    for (const fragment of ["", "#", "#filter=x", "#date=2016-7-8", "#date=2016-02-30", "#date=tomorrow"]) {
      expect(parseState(fragment, TODAY).day).toBe(TODAY);
    }
  });

  it("matches names whole", () => {
    expect(parseState("#end-date=2016-01-01|date=2016-07-08", TODAY).day).toBe("2016-07-08");
    expect(parseState("#end-date=2016-01-01", TODAY).day).toBe(TODAY);
  });

  it.each(["a|b", "50%", "x#y&z", "a=b", "a b", "%zz", "=", "ä€😀", "|filter=", "%7C"])(
    "restores the filter %s",
    (filter) => {
      const state = { day: "2016-07-08", filter };
      expect(parseState(formatState(state), TODAY)).toEqual(state);
    },
  );

  it("accepts bookmarks that were never encoded", () => {
    expect(parseState("#date=2016-07-08|filter=100%", TODAY).filter).toBe("100%");
    expect(parseState("#date=2016-07-08|filter=a b=c", TODAY).filter).toBe("a b=c");
  });

  it("leaves an empty filter out", () => {
    expect(formatState({ day: "2016-07-08", filter: "" })).toBe("#date=2016-07-08");
  });

  it("takes the first of two pairs with one name", () => {
    expect(parsePairs("#date=1|date=2").get("date")).toBe("1");
  });

  it("knows days and the UTC day of a moment", () => {
    expect(isDay("2024-02-29")).toBe(true);
    expect(isDay("2023-02-29")).toBe(false);
    expect(todayUtc(new Date("2026-03-20T23:59:59-05:00"))).toBe("2026-03-21");
  });
});

describe("where the pages lie", () => {
  it("finds the server's root under any base address", () => {
    expect(baseOf("/files/ui/flow/suspicious.html")).toBe("/");
    expect(baseOf("/user/ana/files/ui/dns/suspicious.html")).toBe("/user/ana/");
    expect(baseOf("/elsewhere")).toBe("/");
  });
});
