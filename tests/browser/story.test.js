// The stories of the demo's page, told in headless Chromium against the binaries that ship. Each has an account, or a
// group, of its own, so that they run in any order.

import assert from "node:assert/strict";
import { test } from "node:test";

import { stories } from "./stories.js";

const { story, url } = stories();

story("SSH is opened to the world, Bob denies it, and the rule is gone", async (page) => {
  await page.goTo("prod-payments");
  const group = await page.openGroup({ who: "alice", group: "web" });
  await page.openDoor("web").waitFor();
  await page.cardSays(group, "Approval needed: SSH opened to the whole internet");

  await page.be("bob");
  await page.press(group, "Deny");
  assert.match(await page.confirm("Deny and revert"), new RegExp(`Removes 1 rule from ${group}`));
  await page.cardSays(group, "Reverted");
  await page.card(group).getByText("@bob").waitFor();
  await page.openDoor("web").waitFor({ state: "detached" });
  assert.equal(await page.rules("web").count(), 1, "the rule that was there before stays");
});

story("Carol approves an opening to the world after a dialog, and it stays; a reload shows the same", async (page) => {
  await page.goTo("prod-web");
  const group = await page.openGroup({ group: "web" });
  await page.cardSays(group, "Approval needed");

  await page.be("carol");
  await page.press(group, "Approve");
  assert.match(await page.confirm("Cancel"), /Let the whole internet in\?/);
  await page.cardSays(group, "Approval needed");
  await page.press(group, "Approve");
  await page.confirm("Approve");
  await page.cardSays(group, "Approved");

  await page.page.reload();
  await page.cardSays(group, "Approved");
  await page.goTo("prod-web");
  await page.choose("web");
  await page.openDoor("web").waitFor();
  assert.equal(await page.page.getByRole("radio", { name: "carol" }).isChecked(), true, "and who clicks");
});

story("Mallory is refused: she alone is told, and the card stays", async (page) => {
  await page.goTo("staging");
  const group = await page.openGroup({ what: "https-from-one-range", group: "batch", who: "pipeline" });
  await page.cardSays(group, "Approval needed: tcp 443 opened");

  await page.be("mallory");
  await page.press(group, "Approve");
  await page.whisper("You are not among the people who may decide here").getByText("Only visible to you").waitFor();
  await page.cardSays(group, "Approval needed");

  await page.be("carol");
  await page.whisper("You are not among").waitFor({ state: "detached" });
  await page.press(group, "Approve");
  await page.cardSays(group, "Approved");
});

story("Bob cannot approve what he opened himself, but he may deny it", async (page) => {
  await page.goTo("sandbox");
  const group = await page.openGroup({ who: "bob", what: "port-range", group: "database" });
  await page.cardSays(group, "Approval needed");

  await page.be("bob");
  await page.press(group, "Approve");
  await page.whisper("You opened this, so somebody else has to approve it").waitFor();
  await page.cardSays(group, "Approval needed");
  await page.press(group, "Deny");
  await page.confirm("Deny and revert");
  await page.cardSays(group, "Reverted");
});

story("An opening that is revoked by hand is withdrawn", async (page) => {
  await page.goTo("staging");
  const group = await page.openGroup({ group: "web", what: "database-to-ipv6" });
  await page.cardSays(group, "Approval needed");
  await page.page.getByRole("button", { name: "Revoke tcp 5432 from ::/0" }).click();
  await page.cardSays(group, "Withdrawn");
});

story("A rule that is modified to let the world in asks for approval too", async (page) => {
  await page.goTo("sandbox");
  const group = await page.choose("bastion");
  const modify = page.page.getByRole("button", { name: "Modify tcp 22 from 198.51.100.0/24" });
  await modify.click();
  const dialog = page.page.getByRole("dialog");
  await dialog.getByLabel("Source").fill("nonsense");
  await dialog.getByRole("button", { name: "Modify" }).click();
  await dialog.getByText("CIDR block nonsense is malformed").waitFor();
  await dialog.getByLabel("Source").fill("0.0.0.0/0");
  await dialog.getByRole("button", { name: "Modify" }).click();
  await dialog.waitFor({ state: "hidden" });
  await page.cardSays(group, "Approval needed: rule changed, SSH now open to the whole internet");
});

story("Text that an attacker chose stays text", async (page) => {
  const hostile = "&lt;b&gt; *bold* @here http://evil.example/ :rotating_light:";
  await page.goTo("prod-payments");
  const group = await page.openGroup({ group: "batch", description: hostile });
  await page.cardSays(group, "Approval needed");
  const rules = page.card(group).locator("pre");
  assert.ok((await rules.innerText()).includes(hostile));
  assert.equal(await rules.locator("*").count(), 0, "no element is made of it");
  assert.ok((await page.rules("batch").innerText()).includes(hostile));
});

story("Whatever a message holds, no markup and no script comes of it", async (page) => {
  const shown = await page.page.evaluate(async () => {
    const { mrkdwn, textObject } = await import("/mrkdwn.js");
    const people = new Map([["U1", "<i>bob</i>"]]);
    const box = document.createElement("div");
    box.append(
      mrkdwn("<img src=x onerror=alert(1)> <javascript:alert(1)|run> <@U1> :constructor: `*a*` *b* &lt;u&gt;", people, true),
      mrkdwn("```<script>x</script> *c*``` <https://a.example/?x=1&amp;y=2|link> @here https://b.example", people, false),
      textObject({ type: "plain_text", text: "<s>*d*</s> :x:", emoji: true }, people),
    );
    return {
      tags: [...new Set([...box.querySelectorAll("*")].map((element) => element.localName))].sort(),
      links: [...box.querySelectorAll("a")].map((anchor) => anchor.getAttribute("href")),
      code: box.querySelector("code").textContent,
      text: box.textContent,
    };
  });
  assert.deepEqual(shown.tags, ["a", "b", "code", "pre", "span"]);
  assert.deepEqual(shown.links, ["https://a.example/?x=1&y=2", "https://b.example"]);
  assert.equal(shown.code, "*a*");
  for (const text of ["img src=x onerror=alert(1)", "run", "@<i>bob</i>", ":constructor:", "<u>", "*c*", "<s>*d*</s> ❌"]) {
    assert.ok(shown.text.includes(text), `${text} in ${shown.text}`);
  }
});

story("500 rules at once are one card, with the whole list in its thread", async (page) => {
  await page.goTo("prod-web");
  const group = await page.openGroup({ what: "five-hundred", group: "database" });
  await page.cardSays(group, "Approval needed");
  await page.card(group).getByText(/\d+ repl(y|ies)/).click();
  await page.card(group).locator(".thread pre").filter({ hasText: "198.18.1.250/32" }).waitFor();
  await page.page.getByRole("button", { name: "Show all 501 rules" }).click();
  assert.equal(await page.rules("database").count(), 501);
});

story("Where the decision cannot be stored, the card says that it did not work", async (page) => {
  await page.goTo("prod-payments");
  const group = await page.openGroup({ group: "database", what: "prefix-list", who: "iam-user" });
  await page.cardSays(group, "Approval needed");
  await page.fault("database-failing", true);
  await page.press(group, "Approve");
  await page.card(group).getByText("This didn’t work").waitFor();
  await page.cardSays(group, "Approval needed");

  await page.fault("database-failing", false);
  await page.press(group, "Approve");
  await page.cardSays(group, "Approved");
});

story("A revert that EC2 refuses is told on the card, and Retry does it once EC2 allows it", async (page) => {
  await page.goTo("prod-payments");
  const group = await page.openGroup({ group: "bastion", what: "all-traffic" });
  await page.cardSays(group, "Approval needed");
  await page.fault("revoke-denied", true);
  await page.press(group, "Deny");
  await page.confirm("Deny and revert");
  await page.cardSays(group, "Revert failed");
  assert.equal(await page.rules("bastion").filter({ hasText: "the internet" }).count(), 2, "both are still open");

  await page.fault("revoke-denied", false);
  await page.press(group, "Retry");
  await page.cardSays(group, "Reverted");
  assert.equal(await page.rules("bastion").filter({ hasText: "the internet" }).count(), 0);
});

story("The dialog works by keyboard, and Escape leaves everything as it was", async (page) => {
  await page.goTo("staging");
  const group = await page.openGroup({ group: "bastion" });
  await page.cardSays(group, "Approval needed");
  const deny = page.card(group).getByRole("button", { name: "Deny", exact: true });
  await deny.focus();
  await page.page.keyboard.press("Enter");
  const focused = () => page.page.evaluate(() => document.activeElement.textContent);
  await page.page.getByRole("dialog").waitFor();
  assert.equal(await focused(), "Keep it open");
  await page.page.keyboard.press("Escape");
  await page.page.getByRole("dialog").waitFor({ state: "hidden" });
  assert.equal(await focused(), "Deny");
  await page.cardSays(group, "Approval needed");

  await page.page.keyboard.press("Enter");
  await page.page.keyboard.press("Tab");
  await page.page.keyboard.press("Enter");
  await page.cardSays(group, "Reverted");
});

story("A question that is asked right after another was cancelled is answered by its own buttons", async (page) => {
  await page.goTo("prod-web");
  const group = await page.openGroup({ group: "batch" });
  await page.cardSays(group, "Approval needed");
  const deny = page.card(group).getByRole("button", { name: "Deny", exact: true });
  // In one go, before the browser has told the page that the first dialog is closed.
  await deny.evaluate((button) => {
    button.click();
    document.getElementById("confirm-no").click();
    button.click();
    document.getElementById("confirm-yes").click();
  });
  await page.cardSays(group, "Reverted");
});

story("A narrow screen shows everything without scrolling sideways", async (page) => {
  await page.goTo("sandbox");
  const group = await page.openGroup({ group: "batch", what: "all-traffic" });
  await page.cardSays(group, "Approval needed");
  const [inside, outside] = await page.page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  assert.ok(inside <= outside, `${inside} px on a screen of ${outside} px`);
}, { viewport: { width: 380, height: 800 } });

test("A foreign page cannot post", async () => {
  const post = await fetch(`${url()}api/fault`, {
    method: "POST",
    headers: { origin: "http://evil.example", "content-type": "application/json" },
    body: JSON.stringify({ key: "database-failing", on: true }),
  });
  assert.equal(post.status, 403);
});
