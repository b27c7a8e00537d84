// The running demo and a browser on its page.

import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { chromium } from "playwright-core";

const REPOSITORY = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
const BROWSERS = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome", "/usr/bin/google-chrome-stable"];
const FLAGS = [
  "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync",
];
/** How long a card may take, in milliseconds: a busy machine, binaries without optimization, a cold function. */
const PATIENCE = Number(process.env.PATIENCE_MS ?? 30_000);

/** Starts `local demo` on a free port with a data folder of its own. Resolves once it has printed its address. */
export async function startDemo() {
  const binary = path.join(process.env.CARGO_TARGET_DIR ?? path.join(REPOSITORY, "target"), "debug/local");
  if (!existsSync(binary)) throw new Error(`${binary} is not there: build it with "cargo build --workspace"`);
  const data = mkdtempSync(path.join(tmpdir(), "portcullis-demo-"));
  const child = spawn(binary, ["demo", "--port", "0", "--data", data], { stdio: ["ignore", "pipe", "pipe"] });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const url = await addressOf(child);
  const stop = async () => {
    child.kill("SIGTERM");
    const code = await ended;
    rmSync(data, { recursive: true, force: true });
    return code;
  };
  /** The end of both functions' logs: what a failed story leaves to read. */
  const logs = () => readdirSync(data)
    .filter((name) => name.endsWith(".log"))
    .map((name) => `--- ${name}\n${readFileSync(path.join(data, name), "utf8").split("\n").slice(-40).join("\n")}`)
    .join("\n");
  return { url, stop, logs };
}

function addressOf(child) {
  return new Promise((resolve, reject) => {
    let printed = "";
    let errors = "";
    child.stderr.on("data", (chunk) => (errors += chunk));
    child.stdout.on("data", (chunk) => {
      printed += chunk;
      const found = /http:\/\/127\.0\.0\.1:\d+\//.exec(printed);
      if (found) resolve(found[0]);
    });
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`local demo ended with ${code}: ${printed}${errors}`)));
  });
}

/** A headless Chromium: `CHROME`, or the first of the usual places. */
export async function startBrowser() {
  const executablePath = process.env.CHROME ?? BROWSERS.find((candidate) => existsSync(candidate));
  if (!executablePath || !existsSync(executablePath)) {
    throw new Error(
      `${executablePath ?? "Chromium"} is not there. Install it with "apt-get install chromium", or name another ` +
        "Chromium or Chrome in the environment variable CHROME.",
    );
  }
  return chromium.launch({ executablePath, args: FLAGS });
}

/** The page, as a person uses it. */
export class Page {
  constructor(page) {
    this.page = page;
    this.cards = new Map();
    page.setDefaultTimeout(PATIENCE);
  }

  /** Opens the page as somebody who has had the tour, or, with `tour`, as somebody who comes for the first time. */
  static async open(browser, url, { tour = false, ...options } = {}) {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
    if (!tour) await context.addInitScript(() => localStorage.setItem("portcullis-tour", "seen"));
    const page = await context.newPage();
    await page.goto(url);
    await page.locator("[data-tile]").first().waitFor({ state: "attached" });
    return new Page(page);
  }

  async close() {
    await this.page.context().close();
  }

  /** The page in words, with what has the focus, for whoever has to find out why a story failed. */
  async asSeen() {
    const focused = await this.page.evaluate(() => document.activeElement.outerHTML.slice(0, 200));
    return `--- the page\n${await this.page.locator("body").innerText()}\n--- the focus\n${focused}`;
  }

  /** Chooses an account, and with it what the right side shows; and a region, where it matters. */
  async goTo(account, region) {
    await this.see("Accounts");
    await this.page.getByRole("group", { name: "Account" }).getByRole("radio", { name: account }).check();
    if (region) await this.page.getByRole("group", { name: "Region" }).getByRole("radio", { name: region }).check();
  }

  /** On a narrow screen, shows the channel or the accounts; both are seen on a wide one. */
  async see(tab) {
    const button = this.page.getByRole("tab", { name: tab });
    if (await button.isVisible()) await button.click();
  }

  /** Says who clicks on the left. */
  async be(person) {
    await this.see("Channel");
    await this.page.getByRole("group", { name: "You are" }).getByRole("radio", { name: person }).check();
  }

  /** Opens a group of the account shown, by one click, and returns the group's id. */
  async openGroup({ who = "alice", group = "web", what = "ssh-to-the-world", description = "" } = {}) {
    const { page } = this;
    await this.see("Accounts");
    const id = await this.choose(group);
    await page.locator("#who").selectOption(who);
    await page.getByLabel("Description of the rule").fill(description);
    await page.locator(`[data-opening="${what}"]`).click();
    await page.getByRole("status").filter({ hasText: `Opened ${group}` }).waitFor();
    return id;
  }

  /** Chooses a group of the account shown and returns its id. */
  async choose(group) {
    await this.tile(group).locator(".tile-name").click();
    const radio = this.tile(group).getByRole("radio", { checked: true });
    return radio.getAttribute("value");
  }

  /** A group in the picture. */
  tile(group) {
    return this.page.locator(`[data-tile][data-group="${group}"]`).first();
  }

  /** The card that is about this group; once found it is known by its ts, because not every state names the group. */
  card(group) {
    const cards = this.page.locator("article.message:not(.whisper)");
    const ts = this.cards.get(group);
    return ts ? cards.and(this.page.locator(`[data-ts="${ts}"]`)) : cards.filter({ hasText: group });
  }

  /** Waits until the group's card has a header that begins, after its emoji, with these words. */
  async cardSays(group, header) {
    await this.see("Channel");
    const card = this.card(group);
    await card.getByRole("heading", { name: new RegExp(`^\\S+ ${header}`) }).waitFor();
    this.cards.set(group, await card.getAttribute("data-ts"));
  }

  async press(group, button) {
    await this.see("Channel");
    await this.card(group).getByRole("button", { name: button, exact: true }).click();
  }

  /** Answers Slack's confirm dialog and returns what it asked. */
  async confirm(button) {
    const dialog = this.page.getByRole("dialog");
    await dialog.waitFor();
    const asked = await dialog.innerText();
    await dialog.getByRole("button", { name: button, exact: true }).click();
    await dialog.waitFor({ state: "hidden" });
    return asked;
  }

  /** What only the person who clicks sees. */
  whisper(text) {
    return this.page.locator("article.whisper").filter({ hasText: text });
  }

  /** The rules of the group that is chosen, those that are gone not among them. */
  rules(group) {
    return this.page.locator(`section.group[data-group="${group}"] li.rule.stands`);
  }

  /** Turns a fault on or off, and waits until it is. */
  async fault(key, on) {
    await this.see("Accounts");
    const button = this.page.locator(`[data-fault="${key}"]`);
    if ((await button.getAttribute("aria-pressed")) !== String(on)) await button.click();
    await this.page.locator(`[data-fault="${key}"][aria-pressed="${on}"]`).waitFor();
  }

  /** SSH rules that let the whole internet into a group. */
  openDoor(group) {
    return this.rules(group).filter({ hasText: "tcp 22" }).filter({ hasText: "0.0.0.0/0" });
  }
}
