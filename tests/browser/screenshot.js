// Makes docs/demo.png for the README: a denied opening, and one that waits for a decision.

import path from "node:path";
import { fileURLToPath } from "node:url";

import { Page, startBrowser, startDemo } from "./demo.js";

const FILE = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../../docs/demo.png");

const browser = await startBrowser();
const demo = await startDemo();
try {
  const page = await Page.open(browser, demo.url, { colorScheme: "light", reducedMotion: "reduce" });
  await page.goTo("prod-payments");
  const denied = await page.openGroup({ who: "pipeline", group: "batch", what: "https-from-one-range" });
  await page.cardSays(denied, "Approval needed");
  await page.press(denied, "Deny");
  await page.confirm("Deny and revert");
  await page.cardSays(denied, "Reverted");
  const asked = await page.openGroup({ who: "alice", group: "web", description: "debugging, will close" });
  await page.cardSays(asked, "Approval needed");
  await page.openDoor("web").waitFor();
  await page.page.locator("h1").hover();
  await page.page.screenshot({ path: FILE });
  console.log(`${FILE} is written.`);
} finally {
  await browser.close();
  await demo.stop();
}
