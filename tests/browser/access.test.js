// The page for everybody: contrast of every text in both colour schemes, names, landmarks, ids, and what axe-core finds.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

import { stories } from "./stories.js";

const { story } = stories();
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
/** WCAG 2.2, level AA, for text of any size. */
const CONTRAST = 4.5;

/** Texts with less contrast than that, as they are seen now. */
const faint = (page) => page.page.evaluate((least) => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const colour = (text, below) => {
    canvas.fillStyle = `rgb(${below.join(" ")})`;
    canvas.fillRect(0, 0, 1, 1);
    canvas.fillStyle = text;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const behind = (element) => {
    const above = [];
    for (let one = element; one; one = one.parentElement) above.unshift(getComputedStyle(one).backgroundColor);
    return above.reduce((below, text) => colour(text, below), [255, 255, 255]);
  };
  const light = (rgb) => {
    const [r, g, b] = rgb.map((part) => (part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const hasText = (element) => [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
  const isSeen = (element) => element.checkVisibility({ opacityProperty: true, visibilityProperty: true })
    && !element.closest(".hidden, .emoji, :disabled, .skip, option") && element.getClientRects().length > 0;
  const texts = [...document.querySelectorAll("body *")].filter((element) => hasText(element) && isSeen(element));
  const found = texts.map((element) => {
    const below = behind(element);
    const [a, b] = [light(colour(getComputedStyle(element).color, below)), light(below)];
    return { text: element.textContent.trim().slice(0, 40), class: element.className, ratio: (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) };
  });
  return { seen: texts.length, faint: found.filter(({ ratio }) => ratio < least) };
}, CONTRAST);

/** What axe-core finds on the page as it is now. */
async function violations(page) {
  await page.page.evaluate(`${AXE}; undefined`);
  const { violations: found } = await page.page.evaluate(() => globalThis.axe.run(document, { rules: { "color-contrast": { enabled: false } } }));
  return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(" | ")}`);
}

async function check(page, what) {
  const { seen, faint: found } = await faint(page);
  assert.ok(seen > 20, `${what}: only ${seen} texts were looked at`);
  assert.deepEqual(found, [], what);
  assert.deepEqual(await violations(page), [], what);
}

for (const [colorScheme, account] of [["light", "prod-payments"], ["dark", "prod-web"]]) {
  story(`In the ${colorScheme} scheme every text can be read and every control has a name`, async (page) => {
    await check(page, "the empty page with the tour");
    await page.page.getByRole("button", { name: "Skip the tour" }).click();
    await page.goTo(account);
    await page.be("mallory");
    const group = await page.openGroup({ group: "web", what: "three-at-once" });
    await page.cardSays(group, "Approval needed");
    await page.press(group, "Approve");
    await page.confirm("Approve");
    await page.whisper("You are not among").waitFor();
    await page.card(group).getByRole("heading").hover();
    await check(page, "a card, its rules new and lit, and a whisper");

    await page.be("bob");
    await page.press(group, "Deny with reason…");
    const dialog = page.page.getByRole("dialog");
    await dialog.getByRole("textbox").fill("x");
    await dialog.getByRole("button", { name: "Deny and revert" }).click();
    await dialog.getByText("Write at least 3 characters.").waitFor();
    await check(page, "the modal with an error");
    await page.page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });

    await page.press(group, "Deny");
    await dialog.waitFor();
    await check(page, "the confirm dialog");
    await page.confirm("Deny and revert");
    await page.cardSays(group, "Reverted");
    await page.fault("slack-down", true);
    await page.openGroup({ group: "batch" });
    await page.page.locator("#now .waits").waitFor();
    await check(page, "a fault with its countdown, and rules that are gone");
    await page.fault("slack-down", false);
    await page.page.locator("#now .recovered").first().waitFor();
    await page.card(group).getByRole("button", { name: "Follow it" }).click();
    await page.page.locator("#follow-timeline li").first().waitFor();
    await page.page.getByText("The table’s item as it stands").click();
    await check(page, "the time line and the item, and a recovery");
  }, { tour: true, colorScheme, reducedMotion: "reduce" });
}

story("Everything is reached by keyboard: skip links, tabs in their order, arrow keys among radio buttons", async (page) => {
  const focused = () => page.page.evaluate(() => document.activeElement.textContent.trim() || document.activeElement.value);
  await page.page.keyboard.press("Tab");
  assert.equal(await focused(), "Skip to the channel");
  await page.page.keyboard.press("Tab");
  assert.equal(await focused(), "Skip to the accounts");
  await page.page.keyboard.press("Enter");
  await page.page.keyboard.press("Tab");
  await page.page.keyboard.press("Tab");
  assert.equal(await page.page.evaluate(() => document.activeElement.name), "account");
  await page.page.keyboard.press("ArrowRight");
  assert.equal(await page.page.getByRole("radio", { name: "prod-web" }).isChecked(), true);
  await page.page.keyboard.press("Tab");
  assert.equal(await page.page.evaluate(() => document.activeElement.name), "group");
  const reached = new Set();
  for (let tabs = 0; tabs < 60; tabs += 1) {
    await page.page.keyboard.press("Tab");
    reached.add(await page.page.evaluate(() => {
      const { opening, fault } = document.activeElement.dataset;
      return opening ?? fault ?? document.activeElement.id;
    }));
  }
  const controls = await page.page.locator("[data-opening], [data-fault]").evaluateAll(
    (all) => all.map(({ dataset }) => dataset.opening ?? dataset.fault),
  );
  for (const control of [...controls, "who", "description", "tour-again"]) assert.ok(reached.has(control), `${control} is reached`);
});

story("Screen readers hear of a new card by its text, and find their way by landmarks and headings", async (page) => {
  await page.goTo("staging");
  const group = await page.openGroup({ group: "batch", what: "database-to-ipv6" });
  await page.page.locator("#announcements").getByText(`Approval needed`).waitFor({ state: "attached" });
  assert.match(await page.page.locator("#announcements").textContent(), new RegExp(`Approval needed: .*${group}`));
  for (const [role, name] of [["main"], ["banner"], ["region", "# security-gates"], ["region", "AWS accounts"], ["region", "What happens now"]]) {
    assert.equal(await page.page.getByRole(role, name ? { name } : {}).count(), 1, `${role} ${name ?? ""}`);
  }
});
