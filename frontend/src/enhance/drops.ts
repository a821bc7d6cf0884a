/** File inputs: shows what was chosen and what is too large before anything is sent; the box takes dropped files too. */

/** *bytes* in the largest unit of 1000 that keeps a digit before the point, by the language's rules. */
export function size(bytes: number, language: string): string {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];
  const step = bytes < 1 ? 0 : Math.min(Math.floor(Math.log10(bytes) / 3), units.length - 1);
  const options = { style: "unit", unit: units[step] ?? "byte", unitDisplay: "short", maximumFractionDigits: 1 } as const;
  const value = bytes / 1000 ** step;
  try {
    return new Intl.NumberFormat(language || undefined, options).format(value);
  } catch {
    return new Intl.NumberFormat(undefined, options).format(value);
  }
}

export function drops(root: ParentNode): void {
  for (const box of root.querySelectorAll<HTMLElement>("[data-drop]")) attach(box);
}

function attach(box: HTMLElement): void {
  const input = box.querySelector<HTMLInputElement>('input[type="file"]');
  const list = box.querySelector<HTMLElement>("[data-drop-files]");
  if (!input || !list) return;
  const most = Number(box.dataset["maxBytes"] ?? 0);
  input.addEventListener("change", () => {
    list.replaceChildren(
      ...[...(input.files ?? [])].map((file) => {
        const row = document.createElement("li");
        const name = document.createElement("bdi");
        name.textContent = file.name;
        const bytes = document.createElement("span");
        bytes.textContent = size(file.size, document.documentElement.lang);
        if (most > 0 && file.size > most) {
          bytes.dataset["tooLarge"] = "";
          bytes.textContent += ` · ${box.dataset["textTooLarge"] ?? ""}`;
        }
        row.append(name, bytes);
        return row;
      }),
    );
  });
  for (const name of ["dragenter", "dragover"]) {
    box.addEventListener(name, (event) => {
      event.preventDefault();
      box.dataset["over"] = "";
    });
  }
  for (const name of ["dragleave", "drop"]) box.addEventListener(name, () => delete box.dataset["over"]);
  box.addEventListener("drop", (event) => {
    const files = event.dataTransfer?.files;
    if (!files?.length) return;
    event.preventDefault();
    input.files = files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  });
}
