import { readdirSync } from "node:fs";
import { join } from "node:path";
import react from "@vitejs/plugin-react";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

const root = import.meta.dirname;

/** Names of the sources: one file each in src/sources. Nothing else in the build knows them. */
const sources = readdirSync(join(root, "src/sources"))
  .map((file) => /^([a-z][a-z0-9]*)\.tsx?$/.exec(file)?.[1])
  .filter((name): name is string => name !== undefined);

/** Pages that every source has: name of the HTML file and of its entry in src/pages. */
const pages = ["suspicious"];

const entries = new Map(
  sources.flatMap((source) => pages.map((page) => [join(root, source, `${page}.html`), { source, page }] as const)),
);

const html = (source: string, page: string): string => `<!doctype html>
<html lang="en" data-source="${source}">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="color-scheme" content="light dark">
  <title>Spot</title>
  <link rel="icon" href="/icon.svg" type="image/svg+xml">
  <script src="/theme.js"></script>
  <script type="module" src="/src/pages/${page}.tsx"></script>
</head>
<body>
  <noscript>These pages need JavaScript.</noscript>
  <div id="root"></div>
</body>
</html>
`;

/** Gives Vite one HTML file per source and page without keeping them in the tree. */
const sourcePages: Plugin = {
  name: "spot-source-pages",
  enforce: "pre",
  resolveId: (id) => (entries.has(id) ? id : null),
  load: (id) => {
    const entry = entries.get(id);
    return entry === undefined ? null : html(entry.source, entry.page);
  },
};

export default defineConfig({
  root,
  base: "./",
  plugins: [sourcePages, react()],
  build: {
    outDir: "static",
    emptyOutDir: true,
    manifest: true,
    target: "es2022",
    assetsInlineLimit: 0,
    rollupOptions: { input: [...entries.keys()] },
  },
  worker: { format: "es" },
  test: { include: ["tests/**/*.test.{ts,tsx}"], environment: "node" },
});
