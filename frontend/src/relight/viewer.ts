/** The viewer behind `<heirloom-relight>`: the picture, the light's controls, the layers. */
import { percent } from "../picture";
import { context, Drawing, LAYERS, type Layer } from "./draw";
import { above, light, LOWEST, moved, vector, type Light } from "./light";
import { info as described, picture } from "./planes";
import { kept, middle, nearer, whole, type Size, type View } from "./view";

const START: Light = light(315, 35);
/** Larger pictures would not fit into a small device's memory. */
const LARGEST = 4096;

function made<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  className: string,
  parent?: Node,
  attributes: Readonly<Record<string, string>> = {},
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name);
  element.className = className;
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  parent?.appendChild(element);
  return element;
}

let viewers = 0;

/** Puts the viewer into *host*; resolves when the picture stands, rejects (and leaves all as it was) when it cannot be drawn. */
export async function mount(host: HTMLElement, focus: boolean, closed: () => void): Promise<void> {
  const text = (name: string) => host.dataset[name] ?? "";
  const language = document.documentElement.lang || undefined;
  const degrees = new Intl.NumberFormat(language, { style: "unit", unit: "degree", unitDisplay: "narrow" });
  const number = ++viewers;

  const canvas = made("canvas", "relight-canvas");
  const gl = context(canvas);
  const largest = Math.min(LARGEST, gl.getParameter(gl.MAX_TEXTURE_SIZE) as number);
  const size = await described(host.getAttribute("info") ?? "");
  const addresses = (host.getAttribute("planes") ?? "").split(" ").filter(Boolean);
  if (addresses.length !== size.pictures) throw new Error("planes are missing");
  const drawing = new Drawing(canvas, size, await Promise.all(addresses.map((url) => picture(url, largest))), gl);
  const normals = host.getAttribute("normals");

  let lit = START;
  let layer: Layer = "colour";
  let strength = 3;
  let room: Size = { width: 1, height: 1 };
  let view: View = { x: 0, y: 0, scale: 1 };
  let fitted = true;
  let asked = 0;

  const before = [...host.childNodes];
  const stage = made("div", "zoom-stage relight-stage");
  const surface = made("div", "zoom-canvas relight-surface", stage, {
    role: "application",
    tabindex: "0",
    "aria-label": `${host.getAttribute("label") ?? ""}. ${text("textHelpShort")}`,
  });
  surface.append(canvas);
  stage.style.aspectRatio = `${size.width} / ${size.height}`;
  const bar = made("div", "zoom-bar", undefined, { role: "toolbar", "aria-label": text("textTools") });
  const panel = made("div", "relight-panel");

  const draw = () => {
    asked = 0;
    drawing.draw(view, lit, layer, strength);
    host.dispatchEvent(new CustomEvent("relight-drawn"));
  };
  const soon = () => (asked ||= requestAnimationFrame(draw));

  // The light: a round control, and two plain ranges for whoever prefers them.
  const ball = made("div", "relight-ball", panel, {
    role: "slider",
    tabindex: "0",
    "aria-label": text("textLight"),
    "aria-valuemin": "0",
    "aria-valuemax": "359",
  });
  const sun = made("span", "relight-sun", ball);
  const ranges = made("div", "relight-ranges", panel);
  const range = (label: string, least: number, most: number, changed: (value: number) => void) => {
    const id = `relight-${number}-${ranges.childElementCount}`;
    const row = made("div", "relight-range", ranges);
    made("label", "", row, { for: id }).textContent = label;
    const shown = made("span", "relight-value", row, { "aria-hidden": "true" });
    const input = made("input", "", row, { id, type: "range", min: String(least), max: String(most), step: "1" });
    input.addEventListener("input", () => changed(input.valueAsNumber));
    return { row, set: (value: number, words: string) => {
      input.value = String(value);
      input.setAttribute("aria-valuetext", words);
      shown.textContent = words;
    } };
  };
  const turn = range(text("textTurn"), 0, 359, (value) => shine(light(value, lit.height)));
  const height = range(text("textHeight"), LOWEST, 90, (value) => shine(light(lit.turn, value)));
  const strong = range(text("textStrength"), 1, 10, (value) => {
    strength = value;
    strong.set(value, new Intl.NumberFormat(language).format(value));
    soon();
  });
  strong.set(strength, new Intl.NumberFormat(language).format(strength));

  const shine = (next: Light) => {
    lit = next;
    const [x, y] = vector(lit);
    sun.style.left = `${50 + 50 * x}%`;
    sun.style.top = `${50 - 50 * y}%`;
    turn.set(lit.turn, degrees.format(lit.turn));
    height.set(lit.height, degrees.format(lit.height));
    ball.setAttribute("aria-valuenow", String(lit.turn));
    ball.setAttribute("aria-valuetext", `${text("textTurn")}: ${degrees.format(lit.turn)}. ${text("textHeight")}: ${degrees.format(lit.height)}`);
    soon();
  };
  ball.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const next = event.key === "Home" ? START : moved(event.key, event.shiftKey, lit);
    if (!next) return;
    event.preventDefault();
    shine(next);
  });
  const follow = (event: PointerEvent) => {
    const box = ball.getBoundingClientRect();
    shine(above(((event.clientX - box.left) / box.width) * 2 - 1, 1 - ((event.clientY - box.top) / box.height) * 2, lit));
  };
  ball.addEventListener("pointerdown", (event) => {
    ball.setPointerCapture(event.pointerId);
    follow(event);
  });
  ball.addEventListener("pointermove", (event) => {
    if (ball.hasPointerCapture(event.pointerId)) follow(event);
  });

  // The layers; all but the colours need the normals, which come when somebody asks for them.
  let fetched: Promise<void> | undefined;
  const show = async (next: Layer) => {
    if (next !== "colour") {
      host.setAttribute("aria-busy", "true");
      try {
        await (fetched ??= picture(normals!, largest).then((one) => drawing.addNormals(one)));
      } catch {
        fetched = undefined;
        said.textContent = text("textFailed");
        radios.get(layer)!.checked = true;
        return;
      } finally {
        host.removeAttribute("aria-busy");
      }
    }
    said.textContent = "";
    layer = next;
    strong.row.hidden = !(layer === "relief" || layer === "gloss");
    soon();
  };
  const radios = new Map<Layer, HTMLInputElement>();
  const said = made("p", "zoom-failed relight-said", undefined, { role: "status" });
  strong.row.hidden = true;
  if (normals) {
    const choice = made("fieldset", "relight-layers", panel);
    made("legend", "", choice).textContent = text("textShow");
    for (const one of LAYERS) {
      const label = made("label", "relight-layer", choice);
      const input = made("input", "", label, { type: "radio", name: `relight-layer-${number}`, value: one });
      input.checked = one === layer;
      input.addEventListener("change", () => void show(one));
      label.append(text(`text${one[0]!.toUpperCase()}${one.slice(1)}`));
      radios.set(one, input);
    }
  }

  // Nearer, further away, about.
  const level = made("output", "zoom-level");
  const look = (next: View, whole = false) => {
    view = next;
    fitted = whole;
    surface.classList.toggle("relight-surface--near", !whole);
    level.textContent = percent(view.scale, document.documentElement.lang);
    soon();
  };
  const home = () => look(whole(size, room), true);
  const zoom = (factor: number, x = room.width / 2, y = room.height / 2) => {
    const next = nearer(view, factor, x, y, size, room);
    look(next, next.scale <= whole(size, room).scale);
  };
  const pan = (x: number, y: number) => look(kept({ ...view, x: view.x + x, y: view.y + y }, size, room), fitted);
  const watch = new ResizeObserver(() => {
    const ratio = Math.min(2, window.devicePixelRatio || 1);
    room = { width: Math.max(1, Math.round(surface.clientWidth * ratio)), height: Math.max(1, Math.round(surface.clientHeight * ratio)) };
    canvas.width = room.width;
    canvas.height = room.height;
    if (fitted) home();
    else look(kept(view, size, room));
    // A canvas is empty after its size has changed; drawn now, nothing flickers.
    draw();
  });
  const inCanvas = (event: MouseEvent): [number, number] => {
    const box = canvas.getBoundingClientRect();
    return [((event.clientX - box.left) * room.width) / box.width, ((event.clientY - box.top) * room.height) / box.height];
  };
  const fingers = new Map<number, [number, number]>();
  surface.addEventListener("pointerdown", (event) => {
    surface.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, inCanvas(event));
  });
  surface.addEventListener("pointermove", (event) => {
    const last = fingers.get(event.pointerId);
    if (!last) return;
    const now = inCanvas(event);
    fingers.set(event.pointerId, now);
    if (fingers.size === 1) pan(now[0] - last[0], now[1] - last[1]);
    else {
      const other = [...fingers].find(([id]) => id !== event.pointerId)![1];
      const apart = (at: [number, number]) => Math.hypot(at[0] - other[0], at[1] - other[1]);
      zoom(apart(now) / Math.max(1, apart(last)), other[0], other[1]);
    }
  });
  for (const over of ["pointerup", "pointercancel"] as const) {
    surface.addEventListener(over, (event) => fingers.delete(event.pointerId));
  }
  surface.addEventListener("dblclick", (event) => zoom(2, ...inCanvas(event)));
  surface.addEventListener(
    "wheel",
    (event) => {
      // The page scrolls over a picture that nobody has taken hold of.
      if (!event.ctrlKey && document.activeElement !== surface) return;
      event.preventDefault();
      zoom(Math.exp(-Math.sign(event.deltaY) * 0.2), ...inCanvas(event));
    },
    { passive: false },
  );
  surface.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const ways: Record<string, [number, number]> = { ArrowLeft: [0.15, 0], ArrowRight: [-0.15, 0], ArrowUp: [0, 0.15], ArrowDown: [0, -0.15] };
    const way = ways[event.key];
    if (way) pan(way[0] * room.width, way[1] * room.height);
    else if (event.key === "+" || event.key === "=") zoom(1.5);
    else if (event.key === "-" || event.key === "_") zoom(1 / 1.5);
    else if (event.key === "0" || event.key === "Home") home();
    else if (event.key === "1") look(middle(size, room, 1));
    else if (event.key === "Escape" && !document.fullscreenElement) close();
    else return;
    event.preventDefault();
  });

  const close = () => {
    if (document.fullscreenElement === host) void document.exitFullscreen();
    watch.disconnect();
    cancelAnimationFrame(asked);
    drawing.end();
    host.replaceChildren(...before);
    closed();
    host.querySelector<HTMLButtonElement>(".zoom-open")?.focus();
  };
  const button = (label: string, sign: string, run: () => void) => {
    const element = made("button", "button button--small", bar, { type: "button" });
    element.textContent = sign || label;
    if (sign) {
      element.setAttribute("aria-label", label);
      element.title = label;
    }
    element.addEventListener("click", run);
  };
  button(text("textZoomIn"), "+", () => zoom(1.5));
  button(text("textZoomOut"), "−", () => zoom(1 / 1.5));
  button(text("textHome"), "", home);
  if (document.fullscreenEnabled) {
    button(text("textFull"), "", () => void (document.fullscreenElement ? document.exitFullscreen() : host.requestFullscreen()));
  }
  button(text("textClose"), "", close);
  bar.append(level);

  canvas.addEventListener("webglcontextlost", () => {
    if (!host.contains(canvas)) return;
    close();
    host.append(said);
    said.textContent = text("textFailed");
  });
  host.replaceChildren(stage, panel, bar, said);
  watch.observe(surface);
  shine(lit);
  if (focus) ball.focus({ preventScroll: true });
}
