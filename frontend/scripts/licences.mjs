// Writes dist/THIRD-PARTY.txt: the licences of what the build carries that is not ours, as they ask for.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const SHIPPED = [
  ["htmx.org", "LICENSE"],
  ["openseadragon", "LICENSE.txt"],
  ["world-atlas", "LICENSE"],
  ["@fontsource/noto-sans-khmer", "LICENSE"],
  ["@fontsource/noto-sans-lao", "LICENSE"],
  ["@fontsource/noto-sans-myanmar", "LICENSE"],
  ["@fontsource/noto-sans-thai", "LICENSE"],
];

const root = new URL("../node_modules/", import.meta.url);
const parts = SHIPPED.map(([name, file]) => {
  const { version } = JSON.parse(readFileSync(new URL(`${name}/package.json`, root), "utf8"));
  const note = name.startsWith("@fontsource") ? " (a subset of its characters)" : name === "world-atlas" ? " (outlines drawn from it)" : "";
  return `${name} ${version}${note}\n${"=".repeat(72)}\n${readFileSync(new URL(`${name}/${file}`, root), "utf8").trim()}\n`;
});
writeFileSync(fileURLToPath(new URL("../../src/heirloom/web/static/dist/THIRD-PARTY.txt", import.meta.url)), parts.join("\n\n"));
