/**
 * A text in several languages: without scripts a stack of labelled fields, with scripts a row of tabs over the same fields
 * (WAI-ARIA Authoring Practices, tabs with automatic activation).
 */

export function translated(root: ParentNode): void {
  for (const group of root.querySelectorAll<HTMLElement>("[data-translated]")) attach(group);
}

/** The index that a key leads to from *at*, or null where the key means nothing. In right-to-left rows the arrows turn around. */
export function step(key: string, at: number, count: number, rightToLeft: boolean): number | null {
  const forward = rightToLeft ? "ArrowLeft" : "ArrowRight";
  const back = rightToLeft ? "ArrowRight" : "ArrowLeft";
  if (key === forward) return (at + 1) % count;
  if (key === back) return (at - 1 + count) % count;
  if (key === "Home") return 0;
  if (key === "End") return count - 1;
  return null;
}

function attach(group: HTMLElement): void {
  const panels = [...group.querySelectorAll<HTMLElement>("[data-translated-panel]")];
  if (panels.length < 2 || group.querySelector('[role="tablist"]')) return;
  const row = document.createElement("div");
  row.className = "translated-tabs";
  row.setAttribute("role", "tablist");
  row.setAttribute("aria-label", group.dataset["translated"] ?? "");

  const tabs = panels.map((panel, i) => {
    const tab = document.createElement("button");
    tab.type = "button";
    tab.id = `${panel.id}-tab`;
    tab.lang = panel.dataset["translatedPanel"] ?? "";
    tab.textContent = panel.dataset["label"] ?? tab.lang;
    tab.setAttribute("role", "tab");
    tab.setAttribute("aria-controls", panel.id);
    panel.setAttribute("role", "tabpanel");
    panel.setAttribute("aria-labelledby", tab.id);
    tab.addEventListener("click", () => select(i));
    row.append(tab);
    return tab;
  });

  const marks = () => {
    for (const [i, panel] of panels.entries()) {
      const field = panel.querySelector<HTMLInputElement | HTMLTextAreaElement>("input:not([type=checkbox]), textarea");
      tabs[i]?.toggleAttribute("data-filled", Boolean(field?.value.trim()));
      tabs[i]?.toggleAttribute("data-invalid", field?.getAttribute("aria-invalid") === "true");
    }
  };
  const select = (chosen: number) => {
    for (const [i, panel] of panels.entries()) {
      panel.hidden = i !== chosen;
      tabs[i]?.setAttribute("aria-selected", String(i === chosen));
      tabs[i]?.setAttribute("tabindex", i === chosen ? "0" : "-1");
    }
  };

  row.addEventListener("keydown", (event) => {
    const at = tabs.findIndex((tab) => tab === document.activeElement);
    const to = at < 0 ? null : step(event.key, at, tabs.length, getComputedStyle(row).direction === "rtl");
    if (to === null) return;
    event.preventDefault();
    select(to);
    tabs[to]?.focus();
  });
  // A link of the error summary, or the browser's own check, may point into a panel that is not shown.
  group.addEventListener("invalid", (event) => show(event.target), true);
  const show = (target: EventTarget | null) => {
    const at = panels.findIndex((panel) => target instanceof Node && panel.contains(target));
    if (at >= 0) select(at);
  };
  window.addEventListener("hashchange", () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    show(target);
    if (target && group.contains(target)) target.focus();
  });
  group.addEventListener("input", marks);
  group.closest("form")?.addEventListener("heirloom:restored", marks);

  panels[0]?.before(row);
  marks();
  const wrong = tabs.findIndex((tab) => tab.hasAttribute("data-invalid"));
  const page = document.documentElement.lang;
  const own = panels.findIndex((panel) => panel.dataset["translatedPanel"] === page);
  select(wrong >= 0 ? wrong : Math.max(own, 0));
}
