import { describe, expect, it } from "vitest";
import { nearest, neighbour } from "../src/api/days";
import { cookie } from "../src/api/graphql";
import * as format from "../src/design/format";
import { highest, parseReputation, reputationText } from "../src/design/reputation";
import { dayByKey, shiftMonth, weeksOf } from "../src/features/choose-day/calendar";
import { isAddress, isIpv6 } from "../src/features/filter-rows/address";

describe("addresses", () => {
  it.each(["10.0.0.5", "255.255.255.255", "::", "::1", "2001:db8::1", "1:2:3:4:5:6:7:8", "::ffff:10.0.0.1", "1::"])(
    "takes %s for one",
    (text) => expect(isAddress(text)).toBe(true),
  );

  it.each([
    "",
    "10.0.0",
    "10.0.0.256",
    "10.0.0.5.6",
    "example.com",
    "1:2",
    "1::2::3",
    ":::",
    "1:2:3:4:5:6:7:8:9",
    "g::1",
  ])("does not take %s for one", (text) => expect(isAddress(text)).toBe(false));

  it("does not take a name with colons for IPv6", () => {
    expect(isIpv6("http://a:80")).toBe(false);
  });
});

describe("numbers as text", () => {
  it("gives bytes in the unit that fits", () => {
    expect(format.bytes(0)).toEqual(["0", "B"]);
    expect(format.bytes(999)).toEqual(["999", "B"]);
    expect(format.bytes(11_800_000)).toEqual(["11.8", "MB"]);
    expect(format.bytes(999_960)).toEqual(["1.0", "MB"]);
  });

  it("keeps scores short, and clamps the score 0 to the strongest", () => {
    expect(format.score(7.8e-9)).toBe("7.8e-9");
    expect(format.score(0.0134)).toBe("0.013");
    expect(format.score(0)).toBe("0");
    expect(format.strength(0)).toBe(format.STRONGEST);
    expect(format.strength(Number.NaN)).toBe(format.STRONGEST);
    expect(format.strength(1)).toBe(0);
    expect(format.strength(2.2e-6)).toBeGreaterThan(format.STRONG);
    expect(format.strength(2.4e-6)).toBeLessThan(format.STRONG);
  });

  it("says odds in words, and nothing where there are none", () => {
    expect(format.odds(1 / 128e6)).toBe("1 in 128 million");
    expect(format.odds(0.004)).toBe("1 in 250");
    expect(format.odds(1e-38)).toBe("less than 1 in 1,000 trillion");
    expect(format.odds(0)).toBeNull();
    expect(format.odds(1)).toBeNull();
  });

  it("counts", () => {
    expect(format.plural(1, ["query", "queries"])).toBe("1 query");
    expect(format.plural(1786, ["query", "queries"])).toBe("1,786 queries");
  });
});

describe("days", () => {
  const days = ["2026-03-13", "2026-03-16", "2026-03-17"].map((date) => ({ date, rows: 1, rated: 0 }));

  it("finds the neighbours with data", () => {
    expect(neighbour(days, "2026-03-16", -1)).toBe("2026-03-13");
    expect(neighbour(days, "2026-03-16", 1)).toBe("2026-03-17");
    expect(neighbour(days, "2026-03-17", 1)).toBeNull();
  });

  it("names the nearest first", () => {
    expect(nearest(days, "2026-03-15")).toEqual(["2026-03-16", "2026-03-13"]);
    expect(nearest(days, "2027-01-01")).toEqual(["2026-03-17"]);
    expect(nearest([], "2027-01-01")).toEqual([]);
  });

  it("writes and shifts them in UTC", () => {
    expect(format.dayLabel("2026-03-17")).toBe("Tue 17 Mar 2026");
    expect(format.shiftDay("2026-03-01", -1)).toBe("2026-02-28");
    expect(format.clock("2026-03-17 02:14:07")).toBe("02:14:07");
    expect(format.clock("soon")).toBe("soon");
  });

  it("lays out whole weeks from Monday on", () => {
    const weeks = weeksOf("2026-03-17");
    expect(weeks[0]?.[0]).toBe("2026-02-23");
    expect(weeks.at(-1)?.[6]).toBe("2026-04-05");
    expect(weeks.every((week) => week.length === 7)).toBe(true);
  });

  it("moves by keys, and to the last day of shorter months", () => {
    expect(dayByKey("2026-03-17", "ArrowUp")).toBe("2026-03-10");
    expect(dayByKey("2026-03-17", "a")).toBeNull();
    expect(shiftMonth("2026-03-31", -1)).toBe("2026-02-28");
    expect(shiftMonth("2026-01-15", -1)).toBe("2025-12-15");
  });
});

describe("reputation", () => {
  it("reads services, labels, values and categories", () => {
    const services = parseReputation("gti:High:3:Malicious Sites|Risk;Spam|Mail::fb:UNKNOWN:-1");
    expect(services.map((one) => [one.service, one.label, one.value])).toEqual([
      ["gti", "High", 3],
      ["fb", "UNKNOWN", -1],
    ]);
    expect(services[0]?.categories).toEqual([
      { name: "Malicious Sites", group: "Risk" },
      { name: "Spam", group: "Mail" },
    ]);
    expect(highest(services)).toBe(3);
    expect(reputationText(services)).toBe("GTI High, FB UNKNOWN");
  });

  it("lives with colons in labels, unknown values and nonsense", () => {
    expect(parseReputation("gti:a:b:2::fb:x:0").map((one) => one.value)).toEqual([2, 0]);
    expect(parseReputation("gti:odd:17")[0]?.value).toBe(-1);
    expect(parseReputation("nonsense")).toEqual([]);
    expect(parseReputation("")).toEqual([]);
    expect(highest([])).toBe(-1);
  });
});

describe("cookies", () => {
  it("finds one by its whole name", () => {
    expect(cookie("_xsrf", "a_xsrf=no; _xsrf=2|ab=c; b=1")).toBe("2|ab=c");
    expect(cookie("_xsrf", "")).toBe("");
  });
});
