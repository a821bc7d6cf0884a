/** htmx, loaded only on pages that use it, and set so that a strict Content Security Policy holds. */
import htmx from "htmx.org";

interface RequestContext {
  request: { headers: Record<string, string>; method: string };
}

/** Sends Django's token with every writing request that htmx makes. */
export function csrfToken(from: Document): string {
  const field = from.querySelector<HTMLInputElement>('input[name="csrfmiddlewaretoken"]');
  if (field) return field.value;
  const cookie = /(?:^|;\s*)csrftoken=([^;]+)/.exec(from.cookie);
  return cookie?.[1] ? decodeURIComponent(cookie[1]) : "";
}

export function start(enliven: (root: ParentNode) => void): void {
  htmx.config.includeIndicatorCSS = false; // our stylesheet has the rule
  htmx.config.history = false;
  document.addEventListener("htmx:config:request", (event) => {
    const { request } = (event as CustomEvent<{ ctx: RequestContext }>).detail.ctx;
    if (!/^(GET|HEAD)$/i.test(request.method)) request.headers["X-CSRFToken"] = csrfToken(document);
  });
  htmx.onLoad((element) => enliven(element as HTMLElement));
}
