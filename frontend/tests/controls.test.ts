import { describe, expect, it } from "vitest";
import { size } from "../src/enhance/drops";
import { theme, themeCookie } from "../src/enhance/theme";
import { step, translated } from "../src/enhance/translated";
import { csrfToken } from "../src/enhance/csrf";
import { percent, tileSource } from "../src/picture";

describe("tabs of languages", () => {
  it("move with the arrows and around the ends, by the direction of reading", () => {
    expect(step("ArrowRight", 0, 3, false)).toBe(1);
    expect(step("ArrowRight", 2, 3, false)).toBe(0);
    expect(step("ArrowLeft", 0, 3, false)).toBe(2);
    expect(step("ArrowLeft", 0, 3, true)).toBe(1);
    expect(step("End", 0, 3, false)).toBe(2);
    expect(step("Home", 2, 3, true)).toBe(0);
    expect(step("a", 1, 3, false)).toBeNull();
  });

  it("show one field, mark which are filled and open at the one that is wrong", () => {
    document.documentElement.lang = "en";
    document.body.innerHTML = `<form><fieldset data-translated="Title">
      <div id="t-en" data-translated-panel="en" data-label="English"><input value="Song"></div>
      <div id="t-lo" data-translated-panel="lo" data-label="ລາວ"><input value="" aria-invalid="true"></div>
      <div id="t-th" data-translated-panel="th" data-label="ไทย"><input value=""></div></fieldset></form>`;
    translated(document);
    translated(document); // a second call, after htmx brought something, adds nothing
    const tabs = [...document.querySelectorAll<HTMLElement>('[role="tab"]')];
    expect(tabs.map((tab) => [tab.lang, tab.getAttribute("aria-selected"), tab.hasAttribute("data-filled")])).toEqual([
      ["en", "false", true],
      ["lo", "true", false],
      ["th", "false", false],
    ]);
    tabs[2]!.click();
    const hidden = [...document.querySelectorAll<HTMLElement>('[role="tabpanel"]')].map((panel) => panel.hidden);
    expect(hidden).toEqual([true, true, false]);
  });
});

describe("colours", () => {
  it("are kept in a cookie that ends when the device decides again", () => {
    expect(themeCookie("dark", true)).toBe("theme=dark; Path=/; Max-Age=31536000; SameSite=Lax; Secure");
    expect(themeCookie("auto", false)).toContain("Max-Age=0");
  });

  it("change at once and show which is chosen", () => {
    document.body.innerHTML = `<button type="button" data-theme-set="auto"></button><button type="button" data-theme-set="dark"></button>`;
    theme(document);
    const [auto, dark] = [...document.querySelectorAll("button")];
    dark!.click();
    expect(document.documentElement.dataset["theme"]).toBe("dark");
    expect([auto!.getAttribute("aria-pressed"), dark!.getAttribute("aria-pressed")]).toEqual(["false", "true"]);
    auto!.click();
    expect(document.documentElement.dataset["theme"]).toBeUndefined();
  });
});

describe("numbers", () => {
  it("are written as the language writes them", () => {
    expect(size(4_830_000, "en")).toBe("4.8 MB");
    expect(size(4_830_000, "vi")).toContain("4,8");
    expect(size(0, "en")).toBe("0 byte");
    expect(size(12, "not a language")).toContain("12");
    expect(percent(1.5, "en")).toBe("150%");
    expect(percent(0.035, "en")).toBe("3.5%");
  });
});

describe("a picture", () => {
  it("is tiled where tiles are named, and else the whole file", () => {
    document.body.innerHTML = `<div id="a" info="/iiif/1/info.json"></div><div id="b"><a href="/full.jpg"><img src="/small.jpg"></a></div>`;
    expect(tileSource(document.getElementById("a")!)).toBe("/iiif/1/info.json");
    expect(tileSource(document.getElementById("b")!)).toMatchObject({ type: "image", url: expect.stringMatching(/full\.jpg$/) });
  });
});

describe("htmx", () => {
  it("sends the form's token, else the cookie's", () => {
    document.body.innerHTML = `<input name="csrfmiddlewaretoken" value="field">`;
    expect(csrfToken(document)).toBe("field");
    document.body.innerHTML = "";
    document.cookie = "csrftoken=a%20b";
    expect(csrfToken(document)).toBe("a b");
  });
});
