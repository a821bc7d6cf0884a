/** Forms that submit on a choice, and buttons that copy a text. */

export function autosubmit(root: ParentNode): void {
  for (const form of root.querySelectorAll<HTMLFormElement>("form[data-autosubmit]")) {
    form.addEventListener("change", (event) => {
      if (event.target instanceof HTMLInputElement && !/^(checkbox|radio)$/.test(event.target.type)) return;
      if (form.closest(":popover-open")) return; // on a phone: choose several, then apply
      form.requestSubmit();
    });
  }
}

export function copies(root: ParentNode): void {
  for (const button of root.querySelectorAll<HTMLButtonElement>("button[data-copy]")) {
    button.addEventListener("click", () => {
      void navigator.clipboard.writeText(button.dataset["copy"] ?? "").then(() => {
        const done = button.dataset["copied"];
        const label = button.querySelector("[data-copy-label]");
        if (!done || !label) return;
        const before = label.textContent;
        label.textContent = done;
        window.setTimeout(() => (label.textContent = before), 2500);
      });
    });
  }
}
