// Reports what each built file weighs on the wire and fails when one is over its budget (kB = 1000 bytes, gzip).
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const dist = fileURLToPath(new URL("../../src/heirloom/web/static/dist/", import.meta.url));
const manifest = JSON.parse(readFileSync(join(dist, "manifest.json"), "utf8"));

const BUDGETS = [
  // [name in the manifest, budget in kB, what]
  ["src/styles/index.css", 16, "the stylesheet"],
  ["src/main.ts", 8, "script of every page"],
  ["src/htmx.ts", 16, "htmx, on pages that use it"],
  ["src/viewer.ts", 95, "deep zoom, on demand"],
  ["src/relight/viewer.ts", 8, "relightable pictures, on demand"],
  ["land-110m.svg", 25, "world map"],
  ["land-50m.svg", 45, "regional map"],
  [".generated/fonts/lao.woff2", 12, "Lao, where the device has none"],
  [".generated/fonts/thai.woff2", 12, "Thai, likewise"],
  [".generated/fonts/khmer.woff2", 20, "Khmer, likewise"],
  [".generated/fonts/burmese.woff2", 28, "Burmese, likewise"],
  [".generated/fonts/myanmar-extended.woff2", 45, "other languages in Myanmar letters, likewise"],
];
/** What every first visit fetches besides the HTML and its pictures: stylesheet, script, and at worst one font. */
const FIRST_VISIT = 45;

const size = (path) => statSync(path).size;
const wire = (file) => {
  const path = join(dist, file);
  const packed = (ending) => (existsSync(path + ending) ? size(path + ending) : size(path));
  return { raw: size(path), gz: packed(".gz"), br: packed(".br") };
};

let failed = false;
let first = 0;
let font = 0;
const seen = new Set();
console.log("   raw kB    gz kB    br kB   budget  file");
const line = (weight, budget, text) => {
  const over = budget !== null && weight.gz > budget * 1000;
  failed ||= over;
  const kB = (bytes) => (bytes / 1000).toFixed(1).padStart(9);
  console.log(`${kB(weight.raw)}${kB(weight.gz)}${kB(weight.br)}${String(budget ?? "").padStart(9)}  ${text}${over ? "  OVER BUDGET" : ""}`);
};
for (const [key, budget, what] of BUDGETS) {
  const entry = manifest[key];
  if (!entry) {
    console.error(`missing from the build: ${key}`);
    failed = true;
    continue;
  }
  const weight = wire(entry.file);
  seen.add(entry.file);
  line(weight, budget, `${entry.file} (${what})`);
  if (key === "src/styles/index.css" || key === "src/main.ts") first += weight.gz;
  if (key.includes("fonts/") && !key.includes("extended")) font = Math.max(font, weight.gz);
}
for (const entry of Object.values(manifest)) {
  if (!seen.has(entry.file)) line(wire(entry.file), null, `${entry.file} (shared)`);
}
line({ raw: 0, gz: first, br: 0 }, null, "every page: stylesheet and script");
line({ raw: 0, gz: first + font, br: 0 }, FIRST_VISIT, "first visit at worst: and the largest font of the interface");
if (failed) process.exit(1);
