/** What the viewer needs to know of a `<heirloom-zoom>`, without the viewer. */

/** Tiles of an info.json (IIIF) or a .dzi, which OpenSeadragon tells apart by their content; else the plain picture. */
export function tileSource(host: HTMLElement): string | { type: "image"; url: string } {
  const info = host.getAttribute("info");
  if (info) return info;
  return { type: "image", url: host.querySelector("a")?.href ?? host.querySelector("img")?.src ?? "" };
}

/** How large the picture stands, 100 % being one pixel of it for one of the screen, as the language writes it. */
export function percent(zoom: number, language: string): string {
  return new Intl.NumberFormat(language || undefined, { style: "percent", maximumFractionDigits: zoom < 0.1 ? 1 : 0 }).format(zoom);
}
