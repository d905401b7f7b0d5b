/** Colours of the canvas, read from the same tokens as the rest of the page. */

export interface Palette {
  readonly surface: string;
  readonly weak: string;
  readonly strong: string;
  readonly accent: string;
  readonly text: string;
  readonly textStrong: string;
  readonly high: string;
  readonly medium: string;
  readonly font: string;
  readonly fills: Readonly<Record<string, string>>;
}

/** Reads the tokens of the theme that is on; `fills` are the tokens of the kinds of nodes. */
export function readPalette(fills: readonly string[]): Palette {
  const style = getComputedStyle(document.documentElement);
  const token = (name: string) => style.getPropertyValue(name).trim();
  return {
    surface: token("--surface-1"),
    weak: token("--edge-weak"),
    strong: token("--edge-strong"),
    accent: token("--accent"),
    text: token("--text-2"),
    textStrong: token("--text-1"),
    high: token("--risk-high-fill"),
    medium: token("--risk-medium-fill"),
    font: token("--font-mono"),
    fills: Object.fromEntries(fills.map((name) => [name, token(name)])),
  };
}
