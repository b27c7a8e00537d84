// Makes a screenshot of every state of the page, at three widths and in both colour schemes, for a person to look at:
// `node looks.js FOLDER [STATE...]`. They are not committed.

import { mkdirSync } from "node:fs";
import path from "node:path";

import { Page, startBrowser, startDemo } from "./demo.js";

const WIDTHS = [[1440, 900], [820, 1180], [375, 812]];
const SCHEMES = ["light", "dark"];

const [folder, ...only] = process.argv.slice(2);
if (!folder) throw new Error("Say where the screenshots go: node looks.js FOLDER [STATE...]");
mkdirSync(folder, { recursive: true });

const browser = await startBrowser();
const demo = await startDemo();

/** Slack's side has to know that the modal is closed: the same person's next page would show it too. */
async function leaveModal(page) {
  const told = page.page.waitForResponse((response) => response.url().endsWith("/api/dismiss"));
  await page.page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();
  await told;
}

/** What leads to a state, told once on a wide page; then it is looked at in every width and scheme. */
const STATES = {
  async empty() {},
  async first(page) {
    await page.goTo("prod-web");
    const group = await page.openGroup({ group: "database", what: "https-from-one-range", who: "pipeline" });
    await page.cardSays(group, "Approval needed");
  },
  async world(page) {
    await page.goTo("prod-payments");
    const group = await page.openGroup({ group: "web", description: "debugging, will close" });
    await page.cardSays(group, "Approval needed");
    return { look: (other) => other.card(group).hover() };
  },
  async modified(page) {
    await page.goTo("prod-payments");
    const group = await page.openGroup({ group: "bastion", what: "widened-by-modify" });
    await page.cardSays(group, "Approval needed");
  },
  async unreadable(page) {
    await page.goTo("staging");
    await page.openGroup({ group: "batch", what: "cut-off" });
    await page.page.getByRole("heading", { name: "Unreadable" }).waitFor();
  },
  async many(page) {
    await page.goTo("prod-web");
    const group = await page.openGroup({ group: "web", what: "five-hundred" });
    await page.cardSays(group, "Approval needed");
    await page.card(group).getByText(/\d+ repl(y|ies)/).waitFor();
    return { look: (other) => other.card(group).getByText(/\d+ repl(y|ies)/).click() };
  },
  async reverted(page) {
    await page.goTo("prod-payments");
    const group = await page.openGroup({ group: "batch", what: "three-at-once", who: "pipeline" });
    await page.cardSays(group, "Approval needed");
    await page.be("bob");
    await page.press(group, "Deny");
    await page.confirm("Deny and revert");
    await page.cardSays(group, "Reverted");
  },
  async dialog(page) {
    await page.goTo("sandbox");
    const group = await page.openGroup({ group: "web" });
    await page.cardSays(group, "Approval needed");
    return {
      async look(other) {
        await other.press(group, "Deny");
        await other.page.getByRole("dialog").waitFor();
      },
    };
  },
  async modal(page) {
    await page.goTo("sandbox");
    const group = await page.openGroup({ group: "database", what: "all-traffic" });
    await page.cardSays(group, "Approval needed");
    return {
      async look(other) {
        await other.press(group, "Deny with reason…");
        await other.page.getByRole("dialog").getByRole("textbox").fill("Not without a ticket.");
      },
      after: leaveModal,
    };
  },
  async modalError(page) {
    await page.goTo("sandbox");
    const group = await page.openGroup({ group: "bastion", what: "port-range" });
    await page.cardSays(group, "Approval needed");
    return {
      async look(other) {
        await other.press(group, "Deny with reason…");
        const dialog = other.page.getByRole("dialog");
        await dialog.getByRole("textbox").fill("No");
        await dialog.locator('button[type="submit"]').click();
        await dialog.getByRole("alert").filter({ hasText: /./ }).waitFor();
      },
      after: leaveModal,
    };
  },
  async failed(page) {
    await page.goTo("staging");
    const group = await page.openGroup({ group: "database", what: "database-to-ipv6" });
    await page.cardSays(group, "Approval needed");
    await page.fault("revoke-denied", true);
    await page.be("bob");
    await page.press(group, "Deny");
    await page.confirm("Deny and revert");
    await page.cardSays(group, "Revert failed");
    await page.fault("revoke-denied", false);
  },
  async whisper(page) {
    await page.goTo("staging");
    const group = await page.openGroup({ group: "bastion", what: "https-from-one-range" });
    await page.cardSays(group, "Approval needed");
    await page.be("mallory");
    await page.press(group, "Approve");
    await page.whisper("You are not among").waitFor();
    return { look: (other) => other.be("mallory") };
  },
  async withdrawn(page) {
    await page.goTo("staging");
    const group = await page.openGroup({ group: "web", what: "prefix-list" });
    await page.cardSays(group, "Approval needed");
    await page.see("Accounts");
    await page.page.getByRole("button", { name: "Revoke tcp 443 from pl-" }).click();
    await page.cardSays(group, "Withdrawn");
  },
  async reverting(page) {
    await page.goTo("prod-web");
    const group = await page.openGroup({ group: "bastion" });
    await page.cardSays(group, "Approval needed");
    await page.fault("ec2-throttled", true);
    await page.be("bob");
    await page.press(group, "Deny");
    await page.confirm("Deny and revert");
    await page.cardSays(group, "Denied: reverting");
    await page.page.locator("#now .waits").waitFor();
    return { end: () => page.fault("ec2-throttled", false) };
  },
  async slackDown(page) {
    await page.goTo("prod-web");
    await page.fault("slack-down", true);
    await page.openGroup({ group: "batch" });
    await page.page.locator("#now .waits").waitFor();
    return {
      look: (other) => other.see("Accounts"),
      end: async () => {
        await page.fault("slack-down", false);
        await page.page.locator("#now .recovered").first().waitFor();
        await page.page.screenshot({ path: path.join(folder, "recovered.png") });
      },
    };
  },
  async follow(page) {
    await page.goTo("sandbox");
    const group = await page.openGroup({ group: "batch", what: "other-group" });
    await page.cardSays(group, "Approval needed");
    await page.be("carol");
    await page.press(group, "Deny");
    await page.confirm("Deny and revert");
    await page.cardSays(group, "Reverted");
    return { look: async (other) => {
      await other.card(group).getByRole("button", { name: "Follow it" }).click();
      await other.page.locator("#follow-timeline li").first().waitFor();
    } };
  },
  async item(page) {
    return { look: async (other) => {
      await other.page.getByRole("button", { name: "Follow it" }).last().click();
      await other.page.locator("#follow-timeline li").first().waitFor();
      await other.page.getByText("The table’s item as it stands").click();
      await other.page.locator("#follow-item").scrollIntoViewIfNeeded();
      await other.page.locator("#follow-item").evaluate((tree) => tree.parentElement.scrollIntoView());
    } };
  },
  async tour() {
    return { tour: true };
  },
  async accounts() {
    return { look: async (other) => {
      await other.see("Accounts");
      await other.page.locator("[data-opening]").first().hover();
    } };
  },
  async rules() {
    return { look: async (other) => {
      await other.goTo("staging");
      await other.page.locator("#group-rules").evaluate((rules) => rules.scrollIntoView());
      await other.page.locator(".rule").first().hover();
    } };
  },
  async modify() {
    return { look: async (other) => {
      await other.goTo("staging");
      await other.page.getByRole("button", { name: /^Modify/ }).first().click();
    } };
  },
};

try {
  const cards = new Map();
  for (const [name, tell] of Object.entries(STATES)) {
    if (only.length > 0 && !only.includes(name)) continue;
    const wide = await Page.open(browser, demo.url);
    wide.cards = cards;
    try {
      await wide.be("bob");
      const { look, after, end, tour } = (await tell(wide)) ?? {};
      for (const [width, height] of WIDTHS) {
        for (const colorScheme of SCHEMES) {
          const other = await Page.open(browser, demo.url, { tour, colorScheme, viewport: { width, height }, hasTouch: width < 800 });
          other.cards = wide.cards;
          await look?.(other);
          await other.page.evaluate(() => new Promise((drawn) => setTimeout(drawn, 400)));
          await other.page.screenshot({ path: path.join(folder, `${name}-${width}-${colorScheme}.png`) });
          await after?.(other);
          await other.close();
        }
      }
      await end?.();
    } catch (error) {
      console.error(`${name}: ${error.message}`);
      process.exitCode = 1;
    } finally {
      await wide.close();
    }
  }
} finally {
  await browser.close();
  await demo.stop();
}
console.log(`The screenshots are in ${folder}.`);
