/**
 * A picture with a viewer that comes when somebody asks.
 *
 * The server writes what can be seen without scripts. This small part only adds the button; the viewer comes when it is pressed
 * (`load="click"`, the default) or when the picture comes into view (`load="visible"`).
 */
export abstract class OnDemand extends HTMLElement {
  #opened = false;
  #watch: IntersectionObserver | undefined;

  /** Fetches the viewer and puts it in the picture's place; rejects, and leaves all as it was, when it cannot. */
  protected abstract show(focus: boolean, closed: () => void): Promise<void>;

  connectedCallback(): void {
    if (this.#opened || this.querySelector(".zoom-open")) return;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button zoom-open";
    button.textContent = this.dataset["textOpen"] ?? "";
    button.addEventListener("click", () => void this.open(true));
    this.append(button);
    if (this.getAttribute("load") === "visible" && !saving()) {
      this.#watch = new IntersectionObserver((entries) => {
        if (entries.some((entry) => entry.isIntersecting)) void this.open(false);
      });
      this.#watch.observe(this);
    }
  }

  disconnectedCallback(): void {
    this.#watch?.disconnect();
  }

  /** Shows the viewer; with `focus`, the keyboard goes there too. */
  async open(focus: boolean): Promise<void> {
    if (this.#opened) return;
    this.#opened = true;
    this.#watch?.disconnect();
    this.setAttribute("aria-busy", "true");
    this.querySelector(".zoom-failed")?.remove();
    try {
      await this.show(focus, () => (this.#opened = false));
    } catch {
      this.#opened = false; // what the server wrote is still there
      const note = document.createElement("p");
      note.className = "zoom-failed";
      note.setAttribute("role", "status");
      note.textContent = this.dataset["textFailed"] ?? "";
      this.append(note);
    } finally {
      this.removeAttribute("aria-busy");
    }
  }
}

/** The person, or the network, asks for few bytes. */
function saving(): boolean {
  const connection = (navigator as { connection?: { saveData?: boolean; effectiveType?: string } }).connection;
  return Boolean(connection?.saveData) || /2g/.test(connection?.effectiveType ?? "");
}
