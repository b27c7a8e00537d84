// The README's screenshots can be made anew: both scenes play, and what comes of them is a picture of the page.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { startBrowser, startDemo } from "./demo.js";
import { playScenes } from "./scenes.js";

const DOCS = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../../docs");

/** Width and height of a PNG, by its first chunk. */
const size = (png) => [png.readUInt32BE(16), png.readUInt32BE(20)];

/** The share of pixels that the most frequent colour has, and how many colours there are, in a coarse grid of the image. */
async function colours(browser, png) {
  const page = await browser.newPage();
  try {
    return await page.evaluate(async (base64) => {
      const image = new Image();
      image.src = `data:image/png;base64,${base64}`;
      await image.decode();
      const canvas = new OffscreenCanvas(image.width, image.height).getContext("2d");
      canvas.drawImage(image, 0, 0);
      const { data } = canvas.getImageData(0, 0, image.width, image.height);
      const seen = new Map();
      for (let at = 0; at < data.length; at += 4 * 7) {
        const colour = `${data[at]} ${data[at + 1]} ${data[at + 2]}`;
        seen.set(colour, (seen.get(colour) ?? 0) + 1);
      }
      const total = [...seen.values()].reduce((sum, one) => sum + one, 0);
      return { different: seen.size, most: Math.max(...seen.values()) / total, mean: mean(data) };

      function mean(pixels) {
        let sum = 0;
        for (let at = 0; at < pixels.length; at += 4) sum += (pixels[at] + pixels[at + 1] + pixels[at + 2]) / 3;
        return sum / (pixels.length / 4);
      }
    }, png.toString("base64"));
  } finally {
    await page.close();
  }
}

test("Both scenes of the README can be played, and the screenshots in docs/ are of the same size and not blank", async () => {
  const browser = await startBrowser();
  const demo = await startDemo();
  try {
    const fresh = await playScenes(browser, demo.url);
    for (const [name, image] of Object.entries(fresh)) {
      const kept = readFileSync(path.join(DOCS, name));
      assert.deepEqual(size(image), [1440, 900], name);
      assert.deepEqual(size(kept), size(image), `docs/${name}: make it anew with "npm run screenshot"`);
      for (const [which, png] of [["made now", image], ["kept in docs/", kept]]) {
        const { different, most, mean } = await colours(browser, png);
        assert.ok(different > 200 && most < 0.8, `${name}, ${which}: ${different} colours, ${Math.round(most * 100)} % of one`);
        assert.equal(mean > 128, name === "demo.png", `${name}, ${which}: light or dark as it should be, with a mean of ${mean}`);
      }
    }
  } finally {
    await browser.close();
    assert.equal(await demo.stop(), 0, "the demo stops cleanly");
  }
});
