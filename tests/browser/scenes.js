// The two scenes of the README's screenshots.

import { Page } from "./demo.js";

const VIEW = { viewport: { width: 1440, height: 900 }, reducedMotion: "reduce" };

/** Plays both on a fresh demo. Returns the screenshots by file name. */
export async function playScenes(browser, url) {
  const light = await Page.open(browser, url, { ...VIEW, colorScheme: "light" });
  const denied = await denyOne(light);
  await askOne(light);
  const shots = { "demo.png": await light.page.screenshot() };
  await light.close();

  const dark = await Page.open(browser, url, { ...VIEW, colorScheme: "dark" });
  dark.cards = light.cards;
  await dark.card(denied).getByRole("button", { name: "Follow it" }).click();
  await dark.page.locator("#follow-state").getByText("Reverted").waitFor();
  await dark.page.locator("#follow-timeline").getByText("Person").first().waitFor();
  shots["demo-dark.png"] = await dark.page.screenshot();
  await dark.close();
  return shots;
}

/** Bob denies what a pipeline opened, and says why. */
async function denyOne(page) {
  await page.goTo("prod-web");
  const group = await page.openGroup({ who: "pipeline", group: "batch", what: "https-from-one-range" });
  await page.cardSays(group, "Approval needed");
  await page.press(group, "Deny with reason…");
  const dialog = page.page.getByRole("dialog");
  await dialog.getByRole("textbox").fill("The partner has moved: CHG-4711 closes this.");
  await dialog.getByRole("button", { name: "Deny and revert" }).click();
  await page.cardSays(group, "Reverted");
  return group;
}

/** Alice opens SSH to the world, and somebody points at the card. */
async function askOne(page) {
  await page.goTo("prod-payments");
  const group = await page.openGroup({ who: "alice", group: "web", description: "debugging, will close" });
  await page.cardSays(group, "Approval needed");
  await page.card(group).getByRole("heading").hover();
  await page.tile("web").locator("li.lit").waitFor();
}
