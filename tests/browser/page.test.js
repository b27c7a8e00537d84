// The stories of what the page adds to the channel: the modal, the picture, the time line and the tour.

import assert from "node:assert/strict";

import { stories } from "./stories.js";

const { story } = stories();

story("Bob denies with a reason: what he typed survives every look, and the card shows it", async (page) => {
  await page.goTo("prod-payments");
  const group = await page.openGroup({ group: "web", what: "port-range" });
  await page.cardSays(group, "Approval needed");
  await page.press(group, "Deny with reason…");
  const dialog = page.page.getByRole("dialog");
  const reason = dialog.getByRole("textbox", { name: "Reason" });
  await reason.waitFor();
  assert.equal(await reason.evaluate((box) => box === document.activeElement), true, "the field has the focus");
  await page.page.keyboard.type("No");
  await page.page.keyboard.press("Tab");
  await page.page.keyboard.press("Tab");
  await page.page.keyboard.press("Enter");
  await dialog.getByText("Write at least 3 characters.").waitFor();
  await page.page.keyboard.type("t without a ticket");
  await dialog.getByText("20/500").waitFor();

  const before = await page.page.locator("article.message").count();
  await page.page.evaluate(async () => {
    const state = await (await fetch("/api/state")).json();
    const batch = state.groups.find(({ account, name }) => account === "111122223333" && name === "batch");
    const body = { who: "pipeline", account: batch.account, region: batch.region, group: batch.id, what: "other-group", description: "" };
    await fetch("/api/open", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
  });
  await page.page.locator("article.message").nth(before).waitFor({ state: "attached" });
  assert.equal(await reason.inputValue(), "Not without a ticket");

  await dialog.getByRole("button", { name: "Deny and revert" }).click();
  await dialog.waitFor({ state: "detached" });
  await page.cardSays(group, "Reverted");
  await page.card(group).getByText("Not without a ticket").waitFor();
});

story("Escape leaves the modal and everything as it was, with the focus where it came from", async (page) => {
  await page.goTo("prod-web");
  const group = await page.openGroup({ group: "web", what: "port-range" });
  await page.cardSays(group, "Approval needed");
  const button = page.card(group).getByRole("button", { name: "Deny with reason…" });
  await button.focus();
  await page.page.keyboard.press("Enter");
  const dialog = page.page.getByRole("dialog");
  await dialog.getByRole("textbox").fill("never sent");
  await page.page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
  // The answer to the click may still be under way: the button cannot have the focus before.
  await page.page.waitForFunction(() => document.activeElement.textContent === "Deny with reason…");
  await page.cardSays(group, "Approval needed");
});

story("Carol was faster: Bob’s reason is refused in the modal itself, and stays there to be read", async (page) => {
  await page.goTo("staging");
  const group = await page.openGroup({ group: "web", what: "port-range" });
  await page.cardSays(group, "Approval needed");
  await page.press(group, "Deny with reason…");
  const dialog = page.page.getByRole("dialog");
  const reason = dialog.getByRole("textbox");
  await reason.fill("I do not like it");
  await page.page.evaluate(async (ts) => {
    const { members } = await (await fetch("/api/setup")).json();
    const click = { user: members.find(({ name }) => name === "carol").id, ts, action: "approve" };
    await fetch("/api/click", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(click) });
  }, page.cards.get(group));
  await dialog.getByRole("button", { name: "Deny and revert" }).click();
  await dialog.getByRole("alert").filter({ hasText: /approved/i }).waitFor();
  assert.equal(await reason.getAttribute("aria-invalid"), "true");
  assert.equal(await reason.inputValue(), "I do not like it");
  await dialog.getByRole("button", { name: "Cancel" }).click();
  await dialog.waitFor({ state: "detached" });
  await page.cardSays(group, "Approved");
});

story("Pointing at a card lights its rule and group, in its account; pointing at the rule lights the card", async (page) => {
  await page.goTo("sandbox");
  const group = await page.openGroup({ group: "web", what: "database-to-ipv6" });
  await page.cardSays(group, "Approval needed");
  await page.goTo("prod-web");
  await page.page.locator("h1").hover();
  await page.card(group).getByRole("heading").hover();
  const rule = page.tile("web").locator("li.lit").filter({ hasText: "tcp 5432" });
  await rule.waitFor();
  assert.equal(await page.page.getByRole("radio", { name: "sandbox" }).isChecked(), true, "the picture goes to its account");
  assert.match(await page.tile("web").getAttribute("class"), /\blit\b/);

  await page.page.locator("h1").hover();
  await rule.waitFor({ state: "detached" });
  await page.tile("web").locator("li").filter({ hasText: "tcp 5432" }).hover();
  await page.page.locator(`article.lit[data-ts="${page.cards.get(group)}"]`).waitFor();
});

story("The focus lights as the mouse does, and “Its card” leads from a rule to its card", async (page) => {
  await page.goTo("staging");
  const group = await page.openGroup({ group: "database", what: "database-to-ipv6" });
  await page.cardSays(group, "Approval needed");
  await page.page.getByRole("button", { name: "Its card tcp 5432 from ::/0" }).click();
  assert.equal(await page.page.evaluate(() => document.activeElement.textContent), "Follow it");
  await page.tile("database").locator("li.lit").filter({ hasText: "tcp 5432" }).waitFor();
});

story("The picture says which groups the internet reaches, in words too", async (page) => {
  await page.goTo("sandbox");
  const group = await page.openGroup({ group: "batch", what: "all-traffic" });
  await page.tile("batch").getByText("Open to the internet").waitFor();
  await page.page.getByRole("group", { name: "Account" }).getByText(/\d open/).first().waitFor();
  assert.match(await page.page.locator("#internet").innerText(), /The internet\s+reaches \d+ groups?/);
  assert.ok((await page.page.locator("#edges .edge").count()) >= 2, "a line to the account, and one to the group");
  await page.cardSays(group, "Approval needed");
  await page.press(group, "Deny");
  await page.confirm("Deny and revert");
  await page.tile("batch").locator("li.gone").first().waitFor();
  await page.tile("batch").getByText("Lets nothing in").waitFor();
});

story("The time line of a request grows while one watches, with its item and its record", async (page) => {
  await page.goTo("prod-payments");
  const group = await page.openGroup({ group: "database", what: "https-from-one-range" });
  await page.cardSays(group, "Approval needed");
  const button = page.card(group).getByRole("button", { name: "Follow it" });
  await button.click();
  const sheet = page.page.getByRole("dialog", { name: "From record to outcome" });
  await sheet.getByRole("listitem").filter({ hasText: "CloudTrail" }).first().waitFor();
  const before = await sheet.getByRole("listitem").count();
  await page.press(group, "Deny");
  const confirm = page.page.getByRole("dialog", { name: "Take this opening back?" });
  await confirm.getByRole("button", { name: "Deny and revert" }).click();
  await page.cardSays(group, "Reverted");
  await sheet.locator("#follow-state").getByText(/^Reverted: /).waitFor();
  await sheet.getByRole("listitem").nth(before + 1).waitFor();

  await sheet.getByText("The table’s item as it stands").click();
  await sheet.locator("#follow-item").getByText("requestid", { exact: true }).waitFor();
  await sheet.locator("#follow-item summary").filter({ hasText: /^request: / }).click();
  await sheet.locator("#follow-item").getByText("decision", { exact: true }).first().waitFor();
  await sheet.getByText("CloudTrail’s record").click();
  await sheet.locator("#follow-record").getByText('"AuthorizeSecurityGroupIngress"').waitFor();

  await page.page.keyboard.press("Escape");
  await sheet.waitFor({ state: "hidden" });
  assert.equal(await page.page.evaluate(() => document.activeElement.textContent), "Follow it");
});

story("The first minute: each step points at its control and goes on when the thing is done", async (page) => {
  const tour = page.page.getByRole("region", { name: "Guided first minute" });
  const step = (title) => tour.getByText(title, { exact: true }).waitFor();
  const ringed = (locator) => page.page.waitForFunction(
    ([ring, target]) => {
      const [a, b] = [ring.getBoundingClientRect(), target.getBoundingClientRect()];
      return a.width > 0 && Math.abs(a.left - b.left) < 2 && Math.abs(a.bottom - b.bottom) < 2;
    },
    [locator.ring, locator.target],
  );
  const ring = await page.page.locator("#tour-ring").elementHandle();
  const pointsAt = async (target) => ringed({ ring, target: await target.elementHandle() });

  assert.equal(await page.page.getByRole("radio", { name: "alice" }).isChecked(), true, "one begins as somebody who may not decide");
  await step("Open a door");
  const ssh = page.page.locator('[data-opening="ssh-to-the-world"]');
  await pointsAt(ssh);
  await page.goTo("prod-web");
  await page.choose("default");
  const group = await page.openGroup({ group: "default" });
  await step("Portcullis asks");
  await page.cardSays(group, "Approval needed");
  await page.card(group).getByRole("heading").hover();
  await step("Become Bob");
  await page.be("bob");
  await step("Deny it");
  await pointsAt(page.card(group).getByRole("button", { name: "Deny", exact: true }));
  await page.press(group, "Deny");
  await page.confirm("Deny and revert");
  await step("The rule is gone");
  await pointsAt(page.page.locator('[data-fault="slack-down"]'));
  await page.fault("slack-down", true);
  await step("Nothing is lost");
  await page.openGroup({ group: "default" });
  await page.page.locator("#now .waits").waitFor();
  await page.fault("slack-down", false);
  await step("That was it");
  await tour.getByRole("button", { name: "Close" }).click();
  await tour.waitFor({ state: "hidden" });
}, { tour: true });

story("The tour can be skipped, stays skipped, and can be taken again", async (page) => {
  const tour = page.page.getByRole("region", { name: "Guided first minute" });
  await tour.getByRole("button", { name: "Next" }).click();
  await tour.getByText("Portcullis asks", { exact: true }).waitFor();
  await page.page.keyboard.press("Escape");
  await tour.waitFor({ state: "hidden" });
  await page.page.reload();
  await page.page.locator("[data-tile]").first().waitFor();
  assert.equal(await tour.isVisible(), false);
  await page.page.getByRole("button", { name: "Take the tour" }).click();
  await tour.getByText("Open a door", { exact: true }).waitFor();
  await tour.getByRole("button", { name: "Skip the tour" }).click();
  assert.equal(await page.page.evaluate(() => document.activeElement.textContent), "Take the tour");
}, { tour: true });

story("On 360 pixels nothing scrolls sideways: the channel, the accounts, the modal, the time line", async (page) => {
  const fits = async (what) => {
    const [inside, outside] = await page.page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    assert.ok(inside <= outside, `${what}: ${inside} px on a screen of ${outside} px`);
    const wide = await page.page.evaluate(() => [...document.querySelectorAll("body *:not(.hidden, .hidden *)")]
      .filter((one) => one.checkVisibility() && !one.closest("svg") && one.getBoundingClientRect().right > innerWidth + 1)
      .map((one) => one.outerHTML.slice(0, 120)));
    assert.deepEqual(wide, [], what);
  };
  await page.goTo("sandbox", "us-east-1");
  await fits("the accounts");
  const group = await page.openGroup({ group: "batch", what: "three-at-once" });
  await page.page.getByRole("tab", { name: /Channel/ }).getByText("1 new").waitFor();
  await page.cardSays(group, "Approval needed");
  await fits("the channel");
  await page.press(group, "Deny with reason…");
  await page.page.getByRole("dialog").getByRole("textbox").waitFor();
  await fits("the modal");
  await page.page.keyboard.press("Escape");
  await page.card(group).getByRole("button", { name: "Follow it" }).click();
  await page.page.locator("#follow-timeline li").first().waitFor();
  await fits("the time line");
  await page.page.keyboard.press("Escape");
  await page.page.locator("#follow").waitFor({ state: "hidden" });
}, { viewport: { width: 360, height: 740 } });
