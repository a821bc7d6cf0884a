/** Dialogs. The opener is a link to a page that does the same, so that the way without scripts exists. */

function find(id: string | undefined): HTMLDialogElement | null {
  const element = id ? document.getElementById(id) : null;
  return element instanceof HTMLDialogElement ? element : null;
}

export function dialogs(root: ParentNode): void {
  for (const opener of root.querySelectorAll<HTMLElement>("[data-dialog-open]")) {
    opener.addEventListener("click", (event) => {
      const dialog = find(opener.dataset["dialogOpen"]);
      if (!dialog) return;
      event.preventDefault();
      dialog.showModal();
    });
  }
  for (const closer of root.querySelectorAll<HTMLElement>("[data-dialog-close]")) {
    closer.addEventListener("click", (event) => {
      const dialog = closer.closest("dialog");
      if (!dialog) return;
      event.preventDefault();
      dialog.close();
    });
  }
  for (const form of root.querySelectorAll<HTMLFormElement>("form[data-confirm]")) confirmFirst(form);
}

/** Asks in a dialog before *form* is sent; its `[data-dialog-confirm]` sends it, by the button that was pressed first. */
function confirmFirst(form: HTMLFormElement): void {
  let agreed = false;
  form.addEventListener("submit", (event) => {
    const dialog = find(form.dataset["confirm"]);
    if (agreed || !dialog) return;
    event.preventDefault();
    const submitter = event.submitter;
    dialog.querySelector("[data-dialog-confirm]")?.addEventListener(
      "click",
      (click) => {
        click.preventDefault();
        agreed = true;
        dialog.close();
        form.requestSubmit(submitter);
      },
      { once: true },
    );
    dialog.showModal();
  });
}
