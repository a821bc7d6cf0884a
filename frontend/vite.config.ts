import { readFileSync } from "node:fs";
import { defineConfig, type Plugin } from "vite";

/** Files that pages refer to by name and that no script or stylesheet imports: they get a hashed name and a line in the manifest. */
function named(files: Record<string, string>): Plugin {
  return {
    name: "heirloom-named-files",
    apply: "build",
    buildStart() {
      for (const [name, path] of Object.entries(files)) {
        const source = readFileSync(new URL(path, import.meta.url));
        this.emitFile({ type: "asset", name, originalFileName: name, source });
      }
    },
  };
}

export default defineConfig({
  base: "./",
  publicDir: false,
  plugins: [
    named({
      "land-110m.svg": ".generated/map/land-110m.svg",
      "land-50m.svg": ".generated/map/land-50m.svg",
    }),
  ],
  build: {
    outDir: "../src/heirloom/web/static/dist",
    emptyOutDir: true,
    manifest: "manifest.json",
    target: ["chrome107", "firefox104", "safari16"],
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    chunkSizeWarningLimit: 500,
    rolldownOptions: {
      input: { main: "src/main.ts", style: "src/styles/index.css" },
      output: {
        entryFileNames: "assets/[name]-[hash].js",
        chunkFileNames: "assets/[name]-[hash].js",
        assetFileNames: "assets/[name]-[hash][extname]",
      },
    },
  },
});
