// Makes the web fonts of the four stacked scripts. They are only fetched where the device has no font of its own for the
// script (see src/styles/fonts.css: local() stands first). One weight each: a heading in these scripts is larger, not heavier.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import subsetFont from "subset-font";

const require = createRequire(import.meta.url);
const out = new URL("../.generated/fonts/", import.meta.url);
mkdirSync(out, { recursive: true });

const range = (first, last) => String.fromCodePoint(...Array.from({ length: last - first + 1 }, (_, i) => first + i));
const shared = "\u00a0\u200b\u200c\u200d\u25cc ";

// Myanmar is split: what Burmese needs comes first, the letters of Mon, Shan, Karen, Palaung, Aiton and Khamti on demand.
const files = [
  ["lao", "lao", range(0x0e80, 0x0eff)],
  ["thai", "thai", range(0x0e00, 0x0e7f)],
  ["khmer", "khmer", range(0x1780, 0x17ff) + range(0x19e0, 0x19ff)],
  ["myanmar", "burmese", range(0x1000, 0x104f)],
  ["myanmar", "myanmar-extended", range(0x1000, 0x109f) + range(0xa9e0, 0xa9fe) + range(0xaa60, 0xaa7f)],
];

for (const [script, name, characters] of files) {
  const source = require.resolve(`@fontsource/noto-sans-${script}/files/noto-sans-${script}-${script}-400-normal.woff2`);
  const font = await subsetFont(readFileSync(source), characters + shared, { targetFormat: "woff2" });
  writeFileSync(new URL(`${name}.woff2`, out), font);
}
