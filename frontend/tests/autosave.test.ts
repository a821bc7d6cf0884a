import { beforeEach, describe, expect, it, vi } from "vitest";
import { autosave, DraftSaver, type Fields, readFields, type SaveState, type Surroundings, writeFields } from "../src/enhance/autosave";

const KEY = "heirloom-draft:7";

/** A saver over a plain list of fields, a server that answers from a list, and a clock that the test moves. */
function scene(answers: (number | "offline" | Response)[], start: Fields = [["title", "a"]]) {
  let fields = start;
  const states: SaveState[] = [];
  const versions: (string | undefined)[] = [];
  const sent: RequestInit[] = [];
  const stored = new Map<string, string>();
  const timers = new Map<number, { run: () => void; ms: number }>();
  let next = 1;
  const around: Surroundings = {
    fetch: vi.fn((_url: string, init: RequestInit) => {
      sent.push(init);
      const answer = answers.shift();
      if (answer === undefined || answer === "offline") return Promise.reject(new TypeError("no network"));
      return Promise.resolve(typeof answer === "number" ? new Response("{}", { status: answer }) : answer);
    }) as unknown as typeof fetch,
    storage: {
      getItem: (key) => stored.get(key) ?? null,
      setItem: (key, value) => void stored.set(key, value),
      removeItem: (key) => void stored.delete(key),
    },
    setTimeout: (run, ms) => {
      timers.set(next, { run, ms });
      return next++;
    },
    clearTimeout: (id) => void timers.delete(id),
  };
  const saver = new DraftSaver("/draft/7/", KEY, () => fields, (state, version) => {
    states.push(state);
    versions.push(version);
  }, around);
  return {
    saver, states, versions, sent, stored, timers,
    write: (value: Fields) => {
      fields = value;
      saver.changed();
    },
    due: () => [...timers.values()].map((timer) => timer.ms),
  };
}

describe("a draft", () => {
  it("is kept on the device until the server has it, and not after", async () => {
    const { saver, states, stored, write, due } = scene([200]);
    write([["title", "ab"]]);
    expect(stored.get(KEY)).toBe('[["title","ab"]]');
    expect(due()).toEqual([1500]);
    await saver.flush();
    expect(states).toEqual(["waiting", "saving", "saved"]);
    expect(stored.has(KEY)).toBe(false);
  });

  it("is not sent when nothing has changed", async () => {
    const { saver, sent, write } = scene([]);
    write([["title", "a"]]);
    await saver.flush();
    expect(sent).toEqual([]);
  });

  it("waits out one pause however fast somebody types", () => {
    const { write, timers } = scene([]);
    write([["title", "ab"]]);
    write([["title", "abc"]]);
    expect(timers.size).toBe(1);
  });

  it("is tried again, later each time, while the network is away", async () => {
    const { saver, states, stored, write, due } = scene(["offline", "offline", 503, 200]);
    write([["title", "ab"]]);
    const waits: number[] = [];
    for (let i = 0; i < 3; i++) {
      await saver.flush();
      waits.push(...due());
    }
    expect(waits).toEqual([5000, 15000, 30000]);
    expect(states.at(-1)).toBe("kept");
    expect(stored.has(KEY)).toBe(true);
    await saver.flush();
    expect(states.at(-1)).toBe("saved");
    expect(stored.has(KEY)).toBe(false);
  });

  it("never overwrites what somebody else has changed", async () => {
    const { saver, sent, states, stored, write } = scene([409, 200]);
    write([["title", "ab"]]);
    await saver.flush();
    write([["title", "abc"]]);
    await saver.flush();
    expect(sent).toHaveLength(1);
    expect(states.at(-1)).toBe("conflict");
    expect(stored.has(KEY)).toBe(true);
  });

  it("is not sent twice in the form that the server refused, but is after a change", async () => {
    const { saver, sent, states, write } = scene([422, 200]);
    write([["title", "ab"]]);
    await saver.flush();
    await saver.flush();
    expect(states.at(-1)).toBe("refused");
    expect(sent).toHaveLength(1);
    write([["title", "abc"]]);
    await saver.flush();
    expect(states.at(-1)).toBe("saved");
  });

  it("takes a redirect to the sign-in page for what it is: not saved", async () => {
    const page = new Response("<html>", { status: 200 });
    Object.defineProperty(page, "redirected", { value: true });
    const { saver, states, stored, write } = scene([page]);
    write([["title", "ab"]]);
    await saver.flush();
    expect(states.at(-1)).toBe("kept");
    expect(stored.has(KEY)).toBe(true);
  });

  it("reports the version that the server gives", async () => {
    const { saver, versions, write } = scene([new Response('{"version": 12}', { status: 200 })]);
    write([["title", "ab"]]);
    await saver.flush();
    expect(versions.at(-1)).toBe("12");
  });

  it("keeps the connection open past the page only for small texts", async () => {
    const { saver, sent, write } = scene([200, 200]);
    write([["title", "b"]]);
    await saver.flush(true);
    write([["title", "ກ".repeat(30_000)]]);
    await saver.flush(true);
    expect(sent.map((init) => init.keepalive)).toEqual([true, false]);
  });

  it("offers what an earlier visit left, and survives nonsense in the storage", () => {
    const { saver, stored } = scene([]);
    expect(saver.left()).toBeNull();
    stored.set(KEY, '[["title","left"]]');
    expect(saver.left()).toEqual([["title", "left"]]);
    stored.set(KEY, "{");
    expect(saver.left()).toBeNull();
  });
});

describe("a form", () => {
  beforeEach(() => {
    document.body.innerHTML = `<form><input name="csrfmiddlewaretoken" value="t"><input name="version" value="3">
      <input name="title" value="a"><input type="checkbox" name="lang" value="lo" checked><input type="checkbox" name="lang" value="km">
      <select name="area"><option value="1">1</option><option value="2">2</option></select><textarea name="story">x</textarea><input type="file" name="f"></form>`;
  });

  it("gives back exactly what was read, without touching token and version", () => {
    const form = document.forms[0]!;
    const before = readFields(form);
    const changed = before.map(([name, value]): [string, string] => [name, name === "title" || name === "version" ? "z" : value]);
    writeFields(form, changed);
    const title = form.elements.namedItem("title") as HTMLInputElement;
    const version = form.elements.namedItem("version") as HTMLInputElement;
    expect([title.value, version.value]).toEqual(["z", "3"]);
  });

  it("clears boxes that were not ticked and chooses what was chosen", () => {
    const form = document.forms[0]!;
    writeFields(form, [["lang", "km"], ["area", "2"], ["story", "y"]]);
    const after = readFields(form).filter(([name]) => name !== "csrfmiddlewaretoken");
    expect(after).toEqual([["version", "3"], ["title", "a"], ["lang", "km"], ["area", "2"], ["story", "y"]]);
  });

  it("brings back a text that was left, when asked", () => {
    localStorage.setItem("heirloom-draft:9", JSON.stringify([["title", "left"]]));
    document.body.innerHTML = `<form data-autosave="/d/" data-autosave-key="9"><input name="title" value="">
      <div data-restore hidden><button type="button" data-restore-yes>yes</button></div><output data-save-state data-text-waiting="not yet"></output></form>`;
    autosave(document);
    const offer = document.querySelector<HTMLElement>("[data-restore]")!;
    expect(offer.hidden).toBe(false);
    offer.querySelector("button")!.click();
    expect(document.querySelector("input")!.value).toBe("left");
    expect(document.querySelector("output")!.textContent).toBe("not yet");
  });
});
