/** Django's token: from a form of the page, else from the cookie where the installation lets scripts read it. */
export function csrfToken(from: Document): string {
  const field = from.querySelector<HTMLInputElement>('input[name="csrfmiddlewaretoken"]');
  if (field) return field.value;
  const cookie = /(?:^|;\s*)csrftoken=([^;]+)/.exec(from.cookie);
  return cookie?.[1] ? decodeURIComponent(cookie[1]) : "";
}
