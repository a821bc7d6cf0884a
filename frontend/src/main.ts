/** On every page. Each part looks for its own attributes and does nothing where they are absent. */
import { autosave } from "./enhance/autosave";
import { autosubmit, copies } from "./enhance/controls";
import { dialogs } from "./enhance/dialogs";
import { drops } from "./enhance/drops";
import { menus } from "./enhance/menus";
import { theme } from "./enhance/theme";
import { translated } from "./enhance/translated";
import { HeirloomRelight } from "./relight";
import { HeirloomZoom } from "./zoom";

document.documentElement.classList.add("js");

/** Makes *root* and what stands in it lively; called once for the page and for every part that htmx brings later. */
function enliven(root: ParentNode): void {
  autosave(root);
  autosubmit(root);
  copies(root);
  dialogs(root);
  drops(root);
  translated(root);
}

theme(document);
menus(document);
enliven(document);
document.querySelector<HTMLElement>("[data-focus]")?.focus();
customElements.define("heirloom-zoom", HeirloomZoom);
customElements.define("heirloom-relight", HeirloomRelight);

const HTMX = "[hx-get],[hx-post],[hx-put],[hx-patch],[hx-delete]";
if (document.querySelector(HTMX)) {
  void import("./htmx").then(({ start }) => start(enliven));
}
