// Takes the "funding" notes out of package-lock.json: they are the only addresses npm writes there once
// `omit-lockfile-registry-resolved` is set, and the lock file must name no host.
import { readFileSync, writeFileSync } from "node:fs";

const path = new URL("../package-lock.json", import.meta.url);
const lock = JSON.parse(readFileSync(path, "utf8"));
for (const entry of Object.values(lock.packages)) {
  delete entry.funding;
  delete entry.resolved;
}
writeFileSync(path, JSON.stringify(lock, null, 2) + "\n");
