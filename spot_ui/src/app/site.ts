/** Where this page lies: pages are served at <base>/files/ui/<source>/<page>.html under any base address. */

const PAGE = /^(.*?\/)files\/ui\/[^/]+\/[^/]+$/;

/** Address of the server's root for a page address, with a closing slash. */
export function baseOf(pathname: string): string {
  return PAGE.exec(pathname)?.[1] ?? "/";
}

/** Address of something the server offers, such as `graphql` or `lab`, from this page. */
export function siteUrl(path: string): string {
  return baseOf(location.pathname) + path;
}

/** Takes the sign-in token out of the address bar and the history; the server has set its cookie by now. */
export function hideToken(): void {
  const url = new URL(location.href);
  if (!url.searchParams.has("token")) return;
  url.searchParams.delete("token");
  history.replaceState(history.state, "", url);
}
