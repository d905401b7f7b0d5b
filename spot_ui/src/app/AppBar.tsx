import { ExternalLink, Keyboard, SunMoon } from "lucide-react";
import type { ReactNode } from "react";
import { formatState } from "./fragment";
import { siteUrl } from "./site";
import type { Source } from "./source";
import { sources } from "./sources";
import { useTheme } from "./theme";

interface AppBarProps {
  source: Source;
  day: string;
  /** Name of this page's HTML file and of its entry in the menu. */
  page: { file: string; title: string };
  onHelp(): void;
}

/** Product, sources and pages; every link keeps the day. Only pages that exist are listed. */
export function AppBar({ source, day, page, onHelp }: AppBarProps): ReactNode {
  const [theme, setTheme] = useTheme();
  const other = theme === "dark" ? "light" : "dark";
  const fragment = formatState({ day, filter: "" });
  return (
    <header className="appbar">
      <a className="brand" href={`../${source.name}/${page.file}${fragment}`}>
        <svg width="20" height="20" viewBox="0 0 20 20" aria-hidden="true">
          <circle cx="10" cy="10" r="7.25" fill="none" stroke="currentColor" strokeWidth="2.5" />
          <circle cx="10" cy="10" r="2.5" fill="currentColor" />
        </svg>
        Spot
      </a>
      <span className="appbar-rule" />
      <nav className="seg" aria-label="Source">
        {sources.map(({ name, menu }) => (
          <a key={name} href={`../${name}/${page.file}${fragment}`} aria-current={name === source.name || undefined}>
            {menu}
          </a>
        ))}
      </nav>
      <nav className="nav" aria-label="Pages">
        <a href={`${page.file}${fragment}`} aria-current="page">
          {page.title}
        </a>
        <a href={siteUrl("lab")} target="_blank" rel="noreferrer">
          Notebooks
          <ExternalLink className="icon icon-xs" aria-hidden />
        </a>
      </nav>
      <span className="spacer" />
      <button
        type="button"
        className="btn btn-icon"
        aria-label={`Switch to ${other} theme`}
        title={`Switch to ${other} theme`}
        onClick={() => setTheme(other)}
      >
        <SunMoon className="icon" aria-hidden />
      </button>
      <button
        type="button"
        className="btn btn-icon"
        aria-label="Keyboard shortcuts"
        title="Keyboard shortcuts (?)"
        onClick={onHelp}
      >
        <Keyboard className="icon" aria-hidden />
      </button>
    </header>
  );
}
