// Sets the theme before the first paint: the analyst's choice, else the one of the system.
(() => {
  let chosen = null;
  try {
    chosen = localStorage.getItem("spot.theme");
  } catch {
    // Storage may be closed to us; the system's theme is good enough.
  }
  const dark = chosen === "dark" || (chosen !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.theme = dark ? "dark" : "light";
})();
