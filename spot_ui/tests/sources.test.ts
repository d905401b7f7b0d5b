import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { buildSchema, parse, validate } from "graphql";
import { describe, expect, it } from "vitest";
import { operations } from "../src/api/graphql";
import "../src/api/days";
import { sources } from "../src/app/sources";

const folder = join(import.meta.dirname, "../../spot_oa/api/schema");
const files = readdirSync(folder).filter((file) => file.endsWith(".graphql"));
const schema = buildSchema(files.map((file) => readFileSync(join(folder, file), "utf8")).join("\n"));

describe("what the pages ask", () => {
  it.each(operations.map((text) => [/(query|mutation) \w+/.exec(text)?.[0], text]))("%s fits the API", (_, text) => {
    expect(validate(schema, parse(text as string))).toEqual([]);
  });

  it("covers rows, records, ratings and the score of each source", () => {
    expect(operations.length).toBe(4 * sources.length + 1);
  });
});

describe("the sources", () => {
  it("are those that have a file", () => {
    const names = readdirSync(join(import.meta.dirname, "../src/sources")).map((file) => file.replace(/\.tsx?$/, ""));
    expect(sources.map((source) => source.name).sort()).toEqual(names.sort());
  });

  it.each(sources.map((source) => [source.name, source] as const))(
    "%s has columns with names of their own",
    (_, source) => {
      for (const columns of [source.columns, source.details.columns, source.rating.columns]) {
        expect(new Set(columns.map((column) => column.key)).size).toBe(columns.length);
      }
    },
  );
});

describe("columns", () => {
  const heads = (name: string) => sources.find((source) => source.name === name)?.columns.map((column) => column.key);

  it("keep the order that analysts know", () => {
    expect(heads("flow")).toEqual("tstart srcIP dir dstIP sport dport proto ipkt ibyt opkt obyt".split(" "));
    expect(heads("dns")).toEqual(
      "frame_time ip_dst dns_qry_name query_rep dns_qry_class_name dns_qry_type_name dns_qry_rcode_name".split(" "),
    );
    expect(heads("proxy")).toEqual("datetime clientip host uri_rep webcat respcode_name".split(" "));
  });
});
