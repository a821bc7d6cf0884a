/** Light, dark, or as the device. Kept in a cookie, so that the server writes `data-theme` and no page flashes. */

export type Theme = "light" | "dark" | "auto";
const YEAR = 365 * 24 * 60 * 60;

export function themeOf(page: Document): Theme {
  const value = page.documentElement.dataset["theme"];
  return value === "light" || value === "dark" ? value : "auto";
}

export function themeCookie(value: Theme, secure: boolean): string {
  const age = value === "auto" ? 0 : YEAR;
  return `theme=${value}; Path=/; Max-Age=${age}; SameSite=Lax${secure ? "; Secure" : ""}`;
}

export function theme(page: Document): void {
  const buttons = [...page.querySelectorAll<HTMLButtonElement>("button[data-theme-set]")];
  const show = () => {
    for (const button of buttons) button.setAttribute("aria-pressed", String(button.dataset["themeSet"] === themeOf(page)));
  };
  for (const button of buttons) {
    button.addEventListener("click", () => {
      const value = button.dataset["themeSet"] as Theme;
      if (value === "auto") delete page.documentElement.dataset["theme"];
      else page.documentElement.dataset["theme"] = value;
      page.cookie = themeCookie(value, location.protocol === "https:");
      show();
    });
  }
  show();
}
