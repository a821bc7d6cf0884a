/** The viewer behind `<heirloom-zoom>`: OpenSeadragon with our own buttons, keys and words. */
import OpenSeadragon from "openseadragon";
import { percent, tileSource } from "./picture";

const KEYS: readonly [keys: string[], text: string][] = [
  [["←", "↑", "→", "↓"], "textPan"],
  [["+", "−"], "textZoom"],
  [["0"], "textHome"],
  [["r"], "textTurn"],
  [["f"], "textFull"],
  [["Esc"], "textClose"],
];

/** Puts the viewer into *host*; resolves when the picture stands, rejects (and leaves all as it was) when it cannot be read. */
export async function mount(host: HTMLElement, focus: boolean, closed: () => void): Promise<void> {
  const text = (name: string) => host.dataset[name] ?? "";
  const source = tileSource(host);
  const before = [...host.childNodes];
  const stage = document.createElement("div");
  stage.className = "zoom-stage";
  const canvas = document.createElement("div");
  canvas.className = "zoom-canvas";
  stage.append(canvas);
  const bar = document.createElement("div");
  bar.className = "zoom-bar";
  bar.setAttribute("role", "toolbar");
  bar.setAttribute("aria-label", text("textTools"));
  const level = document.createElement("output");
  level.className = "zoom-level";

  // OpenSeadragon 6 would add an inline <style>, which the Content Security Policy refuses, unless it finds one that is marked
  // like this. Ours is no style sheet (its namespace is none), and the rule itself would take away the focus outline.
  if (!document.querySelector("style[data-openseadragon-mobile-css]")) {
    const mark = document.createElementNS(null, "style");
    mark.setAttribute("data-openseadragon-mobile-css", "true");
    document.head.append(mark);
  }
  host.replaceChildren(stage, bar);
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const viewer = OpenSeadragon({
    element: canvas,
    tileSources: source as string,
    drawer: "canvas",
    showNavigationControl: false,
    showNavigator: false,
    animationTime: still ? 0 : 0.6,
    blendTime: still ? 0 : 0.1,
    visibilityRatio: 0.5,
    minZoomImageRatio: 0.8,
    maxZoomPixelRatio: 2,
    gestureSettingsMouse: { clickToZoom: false, dblClickToZoom: true },
    crossOriginPolicy: "Anonymous",
    loadTilesWithAjax: false,
  });

  const close = () => {
    if (document.fullscreenElement === host) void document.exitFullscreen();
    viewer.destroy();
    host.replaceChildren(...before);
    closed();
    host.querySelector<HTMLButtonElement>(".zoom-open")?.focus();
  };

  const opened = new Promise<void>((resolve, reject) => {
    viewer.addOnceHandler("open", () => resolve());
    viewer.addOnceHandler("open-failed", () => reject(new Error("the picture's tiles could not be read")));
  });

  const full = () => {
    if (document.fullscreenElement) void document.exitFullscreen();
    else void host.requestFullscreen();
  };
  const home = () => {
    viewer.viewport.setRotation(0);
    viewer.viewport.goHome();
  };
  const zoom = (factor: number) => {
    viewer.viewport.zoomBy(factor);
    viewer.viewport.applyConstraints();
  };
  const turn = () => viewer.viewport.rotateBy(90);

  const button = (label: string, sign: string, run: () => void) => {
    const element = document.createElement("button");
    element.type = "button";
    element.className = "button button--small";
    element.textContent = sign || label;
    if (sign) {
      element.setAttribute("aria-label", label);
      element.title = label;
    }
    element.addEventListener("click", run);
    bar.append(element);
  };
  button(text("textZoomIn"), "+", () => zoom(1.5));
  button(text("textZoomOut"), "−", () => zoom(1 / 1.5));
  button(text("textHome"), "", home);
  button(text("textTurn"), "↻", turn);
  if (document.fullscreenEnabled) button(text("textFull"), "", full);
  button(text("textClose"), "", close);
  bar.append(level);

  const help = document.createElement("details");
  help.className = "zoom-help disclosure no-print";
  const summary = document.createElement("summary");
  summary.textContent = text("textHelp");
  const list = document.createElement("dl");
  for (const [keys, name] of KEYS) {
    const term = document.createElement("dt");
    for (const key of keys) {
      const cap = document.createElement("kbd");
      cap.textContent = key;
      term.append(cap, " ");
    }
    const meaning = document.createElement("dd");
    meaning.textContent = text(name);
    list.append(term, meaning);
  }
  help.append(summary, list);
  host.append(help);

  const surface = viewer.canvas as HTMLElement;
  surface.setAttribute("role", "application");
  surface.setAttribute("aria-label", `${host.getAttribute("label") ?? ""}. ${text("textHelpShort")}`);
  viewer.setKeyboardNavEnabled(false); // our own keys, below, are the same on every keyboard and are told in the help
  surface.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const pan: Record<string, [number, number]> = { ArrowLeft: [-0.15, 0], ArrowRight: [0.15, 0], ArrowUp: [0, -0.15], ArrowDown: [0, 0.15] };
    const way = pan[event.key];
    if (way) {
      const bounds = viewer.viewport.getBounds(true);
      viewer.viewport.panBy(new OpenSeadragon.Point(way[0] * bounds.width, way[1] * bounds.height));
      viewer.viewport.applyConstraints();
    } else if (event.key === "+" || event.key === "=") zoom(1.5);
    else if (event.key === "-" || event.key === "_") zoom(1 / 1.5);
    else if (event.key === "0" || event.key === "Home") home();
    else if (event.key === "r") turn();
    else if (event.key === "f") full();
    else if (event.key === "Escape" && !document.fullscreenElement) close();
    else return;
    event.preventDefault();
  });

  let said = 0;
  viewer.addHandler("zoom", () => {
    window.clearTimeout(said);
    said = window.setTimeout(() => {
      if (!viewer.viewport) return;
      const ratio = viewer.viewport.viewportToImageZoom(viewer.viewport.getZoom());
      level.textContent = percent(ratio, document.documentElement.lang);
    }, 200);
  });

  try {
    await opened;
  } catch (error) {
    viewer.destroy();
    host.replaceChildren(...before);
    throw error;
  }
  if (focus) surface.focus({ preventScroll: true });
}
