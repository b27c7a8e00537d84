// Writes the README's screenshots into docs/, or into the folder that is named.

import { writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { startBrowser, startDemo } from "./demo.js";
import { playScenes } from "./scenes.js";

const DOCS = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../../docs");

const folder = process.argv[2] ?? DOCS;
const browser = await startBrowser();
const demo = await startDemo();
try {
  for (const [name, image] of Object.entries(await playScenes(browser, demo.url))) {
    writeFileSync(path.join(folder, name), image);
    console.log(`${path.join(folder, name)} is written.`);
  }
} finally {
  await browser.close();
  await demo.stop();
}
