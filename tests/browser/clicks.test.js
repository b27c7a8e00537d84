// The stories of openings and faults by one click, each fault with its recovery.

import assert from "node:assert/strict";

import { stories } from "./stories.js";

const { story } = stories();

/** Key, account and group of us-east-1, what the card's header says. The others have stories of their own. */
const OPENINGS = [
  ["ssh-to-the-world", "prod-payments", "web", "SSH opened to the whole internet"],
  ["https-from-one-range", "prod-payments", "batch", "tcp 443 opened"],
  ["port-range", "prod-payments", "database", "6,?001 ports opened|tcp 3000-9000 opened"],
  ["all-traffic", "prod-web", "web", "all traffic opened to the whole internet"],
  ["database-to-ipv6", "prod-web", "batch", "opened to the whole internet"],
  ["prefix-list", "prod-web", "database", "tcp 443 opened"],
  ["other-group", "staging", "web", "tcp 8080 opened"],
  ["three-at-once", "staging", "batch", "SSH opened to the whole internet"],
  ["widened-by-modify", "sandbox", "bastion", "rule changed, SSH now open to the whole internet"],
];

story("Each opening is one click, says what one will see, and gets its card", async (page) => {
  const buttons = page.page.locator("[data-opening]");
  const offered = await buttons.evaluateAll((all) => all.map((one) => one.dataset.opening));
  assert.deepEqual(new Set(offered), new Set([...OPENINGS.map(([key]) => key), "five-hundred", "cut-off", "reopened-by-pipeline"]));
  const asked = [];
  for (const [what, account, group, header] of OPENINGS) {
    await page.goTo(account, "us-east-1");
    await page.page.locator(`[data-opening="${what}"]`).focus();
    assert.match(await page.page.locator("#explains").innerText(), /\S\. [A-Z]/, `${what} is explained`);
    asked.push([await page.openGroup({ what, group }), header]);
  }
  for (const [group, header] of asked) await page.cardSays(group, `Approval needed: .*(${header})`);
});

story("A record that CloudTrail cut off is told as what it is: nothing to deny, a person has to look", async (page) => {
  await page.goTo("sandbox", "us-east-1");
  await page.openGroup({ what: "cut-off", group: "database" });
  const card = page.page.locator("article.message").filter({ has: page.page.getByRole("heading", { name: "Unreadable" }) });
  await card.waitFor();
  assert.equal(await card.getByRole("button", { name: "Deny" }).count(), 0);
});

story("A pipeline opens again what was denied, each time with a card, until it is stopped", async (page) => {
  await page.goTo("sandbox", "us-east-1");
  const group = await page.openGroup({ what: "reopened-by-pipeline", group: "web", who: "pipeline" });
  await page.cardSays(group, "Approval needed");
  await page.press(group, "Deny");
  await page.confirm("Deny and revert");
  await page.cardSays(group, "Reverted");
  const again = page.page.locator("article.message").filter({ hasText: group }).filter({ hasText: "Approval needed" });
  await again.waitFor();
  await page.page.getByRole("button", { name: "Stop the pipeline" }).click();
  await page.page.getByRole("button", { name: "Stop the pipeline" }).waitFor({ state: "detached" });
});

story("Slack is down: the page counts down to the next try, and says when it has recovered", async (page) => {
  await page.goTo("prod-payments");
  await page.fault("slack-down", true);
  const group = await page.openGroup({ group: "bastion" });
  const waits = page.page.locator("#now .waits").filter({ hasText: "bastion in prod-payments" });
  await waits.waitFor();
  assert.match(await waits.innerText(), /^Slack is down: card for bastion in prod-payments is tried again (now|in \d+ s) \(\d+\w\w time\)$/m);
  assert.equal(await page.page.locator(`article.message`).filter({ hasText: group }).count(), 0);

  await page.fault("slack-down", false);
  await page.page.locator("#now .recovered").filter({ hasText: "The card for bastion in prod-payments is in Slack" }).waitFor();
  await page.cardSays(group, "Approval needed");
});

story("EC2 throttles: a Deny waits for its next try, and is done once EC2 answers", async (page) => {
  await page.goTo("prod-web");
  const group = await page.openGroup({ group: "bastion" });
  await page.cardSays(group, "Approval needed");
  await page.fault("ec2-throttled", true);
  await page.press(group, "Deny");
  await page.confirm("Deny and revert");
  await page.cardSays(group, "Denied: reverting");
  await page.page.locator("#now .waits").filter({ hasText: "EC2 throttles every call: revert for bastion in prod-web is tried again" }).waitFor();
  await page.fault("ec2-throttled", false);
  await page.page.locator("#now .recovered").filter({ hasText: "The revert in bastion in prod-web is done" }).waitFor();
  await page.cardSays(group, "Reverted");
});

story("The spoke role is missing: the card says what to do, and Retry works once it is there", async (page) => {
  await page.goTo("staging");
  const group = await page.openGroup({ group: "bastion" });
  await page.cardSays(group, "Approval needed");
  await page.fault("spoke-role-missing", true);
  await page.press(group, "Deny");
  await page.confirm("Deny and revert");
  await page.cardSays(group, "Revert failed");
  await page.fault("spoke-role-missing", false);
  await page.press(group, "Retry");
  await page.cardSays(group, "Reverted");
});

story("The responder is killed after its answer: the switch goes off by itself, and the rule goes all the same", async (page) => {
  await page.goTo("sandbox");
  const group = await page.openGroup({ group: "bastion" });
  await page.cardSays(group, "Approval needed");
  await page.fault("killed-after-answer", true);
  await page.press(group, "Deny");
  await page.confirm("Deny and revert");
  await page.page.locator('[data-fault="killed-after-answer"][aria-pressed="false"]').waitFor();
  await page.page.locator("#now .recovered").filter({ hasText: "The revert in bastion in sandbox is done, by the next sweep" }).waitFor();
  await page.cardSays(group, "Reverted");
  await page.openDoor("bastion").waitFor({ state: "detached" });
});
