/** htmx, loaded only on pages that use it, and set so that a strict Content Security Policy holds. */
import htmx from "htmx.org";
import { csrfToken } from "./enhance/csrf";

interface RequestContext {
  request: { headers: Record<string, string>; method: string };
}

/** Starts htmx; *enliven* is called for every part that it brings. */
export function start(enliven: (root: ParentNode) => void): void {
  htmx.config.includeIndicatorCSS = false; // our stylesheet has the rule
  htmx.config.history = false;
  document.addEventListener("htmx:config:request", (event) => {
    const { request } = (event as CustomEvent<{ ctx: RequestContext }>).detail.ctx;
    if (!/^(GET|HEAD)$/i.test(request.method)) request.headers["X-CSRFToken"] = csrfToken(document);
  });
  htmx.onLoad((element) => enliven(element as HTMLElement));
}
