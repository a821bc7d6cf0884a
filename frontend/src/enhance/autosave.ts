/**
 * Saves a draft while a person writes.
 *
 * `<form data-autosave="URL" data-autosave-key="KEY">`: after a pause, and when the page is left, the form's fields (never its
 * files) go to URL by POST with the header `X-Autosave: 1`. Until the server has confirmed them they also lie on the device, under KEY
 * (which names the person and the draft, so that another person at the same machine is not offered them).
 *
 * The server answers 2xx with JSON `{"version": "..."}` (version optional: it is written into a field named `version`), 409 where somebody else
 * has changed the draft, another 4xx where it refuses the text. Anything else, and no answer, is tried again.
 */

export type Fields = [name: string, value: string][];
export type SaveState = "idle" | "waiting" | "saving" | "saved" | "kept" | "conflict" | "refused";

export interface Surroundings {
  fetch: typeof fetch;
  storage: Pick<Storage, "getItem" | "setItem" | "removeItem">;
  setTimeout: (run: () => void, ms: number) => number;
  clearTimeout: (id: number) => void;
}

const PAUSE_MS = 1500;
const RETRY_MS = [5_000, 15_000, 30_000, 60_000];
/** Browsers refuse `keepalive` bodies above 64 KiB. */
const KEEPALIVE_BYTES = 60_000;

export function readFields(form: HTMLFormElement): Fields {
  const fields: Fields = [];
  for (const [name, value] of new FormData(form)) {
    if (typeof value === "string") fields.push([name, value]);
  }
  return fields;
}

/** Puts *fields* back into *form*; boxes that are not named in them are cleared. Tokens and versions stay as they are. */
export function writeFields(form: HTMLFormElement, fields: Fields): void {
  const values = new Map<string, string[]>();
  for (const [name, value] of fields) values.set(name, [...(values.get(name) ?? []), value]);
  for (const element of form.elements) {
    if (!(element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement || element instanceof HTMLSelectElement)) continue;
    if (!element.name || element.name === "csrfmiddlewaretoken" || element.name === "version") continue;
    const own = values.get(element.name) ?? [];
    if (element instanceof HTMLSelectElement) {
      for (const option of element.options) option.selected = own.includes(option.value);
    } else if (element instanceof HTMLInputElement && (element.type === "checkbox" || element.type === "radio")) {
      element.checked = own.includes(element.value);
    } else if (element.type !== "file" && element.type !== "submit" && own.length > 0) {
      element.value = own.shift() ?? "";
      values.set(element.name, own);
    }
  }
}

export class DraftSaver {
  state: SaveState = "idle";
  #timer: number | undefined;
  #tries = 0;
  #sent = "";
  #running = false;
  #stopped = false;

  constructor(
    readonly url: string,
    readonly key: string,
    readonly read: () => Fields,
    readonly report: (state: SaveState, version?: string) => void,
    readonly around: Surroundings,
  ) {
    this.#sent = this.#text();
  }

  /** Fields left on the device by an earlier visit and not known to the server; null where there are none. */
  left(): Fields | null {
    try {
      const text = this.around.storage.getItem(this.key);
      const fields: unknown = text ? JSON.parse(text) : null;
      return Array.isArray(fields) && fields.length > 0 ? (fields as Fields) : null;
    } catch {
      return null;
    }
  }

  forget(): void {
    try {
      this.around.storage.removeItem(this.key);
    } catch {
      // no storage, nothing to forget
    }
  }

  changed(): void {
    if (this.#stopped || this.#text() === this.#sent) return;
    this.#keep();
    this.#tell("waiting");
    this.#later(PAUSE_MS);
  }

  /** Sends now what is not yet sent. `leaving` asks the browser to finish after the page is gone. */
  async flush(leaving = false): Promise<void> {
    const text = this.#text();
    if (this.#stopped || text === this.#sent || (this.#running && !leaving)) return;
    this.#cancel();
    this.#running = true;
    this.#tell("saving");
    const body = new URLSearchParams(this.read());
    const small = body.toString().length < KEEPALIVE_BYTES;
    try {
      const answer = await this.around.fetch(this.url, {
        method: "POST",
        body,
        credentials: "same-origin",
        keepalive: leaving && small,
        headers: { "X-Autosave": "1", Accept: "application/json" },
      });
      await this.#answered(answer, text);
    } catch {
      this.#retry();
    } finally {
      this.#running = false;
    }
    if (this.state === "saved" && this.#text() !== this.#sent) this.changed();
  }

  async #answered(answer: Response, text: string): Promise<void> {
    if (answer.ok && !answer.redirected) {
      this.#sent = text;
      this.#tries = 0;
      if (this.#text() === text) this.forget();
      const said: unknown = await answer.json().catch(() => null);
      const version = said && typeof said === "object" && "version" in said ? String(said.version) : undefined;
      this.#tell("saved", version);
    } else if (answer.status === 409) {
      this.#stopped = true; // two people: the page must be loaded again before anything is overwritten
      this.#tell("conflict");
    } else if (answer.status >= 400 && answer.status < 500 && answer.status !== 408 && answer.status !== 429) {
      this.#sent = text; // the same text would be refused again
      this.#tell("refused");
    } else {
      this.#retry();
    }
  }

  #retry(): void {
    this.#tell("kept");
    this.#later(RETRY_MS[Math.min(this.#tries, RETRY_MS.length - 1)] ?? 60_000);
    this.#tries += 1;
  }

  #text(): string {
    return JSON.stringify(this.read().filter(([name]) => name !== "csrfmiddlewaretoken" && name !== "version"));
  }

  #keep(): void {
    try {
      this.around.storage.setItem(this.key, this.#text());
    } catch {
      // storage full or forbidden: the server's copy is the only one
    }
  }

  #later(ms: number): void {
    this.#cancel();
    this.#timer = this.around.setTimeout(() => void this.flush(), ms);
  }

  #cancel(): void {
    if (this.#timer !== undefined) this.around.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #tell(state: SaveState, version?: string): void {
    this.state = state;
    this.report(state, version);
  }
}

function storage(): Surroundings["storage"] {
  try {
    return window.localStorage;
  } catch {
    return { getItem: () => null, setItem: () => undefined, removeItem: () => undefined };
  }
}

export function autosave(root: ParentNode): void {
  for (const form of root.querySelectorAll<HTMLFormElement>("form[data-autosave]")) attach(form);
}

function attach(form: HTMLFormElement): void {
  const url = form.dataset["autosave"];
  if (!url || form.dataset["autosaveOn"]) return;
  form.dataset["autosaveOn"] = "1";
  const line = form.querySelector<HTMLElement>("[data-save-state]");
  const restore = form.querySelector<HTMLElement>("[data-restore]");
  const saver = new DraftSaver(
    url,
    `heirloom-draft:${form.dataset["autosaveKey"] ?? url}`,
    () => readFields(form),
    (state, version) => {
      if (line) {
        line.dataset["state"] = state === "conflict" ? "refused" : state;
        const text = line.dataset[`text${state.charAt(0).toUpperCase()}${state.slice(1)}`] ?? "";
        line.textContent = state === "saved" ? text.replace("%(time)s", new Date().toLocaleTimeString(document.documentElement.lang || undefined, { timeStyle: "short" })) : text;
      }
      const field = form.elements.namedItem("version");
      if (version !== undefined && field instanceof HTMLInputElement) field.value = version;
    },
    {
      fetch: window.fetch.bind(window),
      storage: storage(),
      setTimeout: (run, ms) => window.setTimeout(run, ms),
      clearTimeout: (id) => window.clearTimeout(id),
    },
  );

  const left = saver.left();
  if (left && restore) {
    restore.hidden = false;
    restore.querySelector("[data-restore-yes]")?.addEventListener("click", () => {
      writeFields(form, left);
      restore.hidden = true;
      form.dispatchEvent(new Event("heirloom:restored"));
      saver.changed();
    });
    restore.querySelector("[data-restore-no]")?.addEventListener("click", () => {
      saver.forget();
      restore.hidden = true;
    });
  }

  form.addEventListener("input", () => saver.changed());
  form.addEventListener("change", () => saver.changed());
  // A submitted form carries everything itself; the copy is only dropped once the next page of this draft finds it saved.
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") void saver.flush(true);
  });
  window.addEventListener("online", () => void saver.flush());
}
