// What every file of stories begins with: one browser, one running demo, and a fresh page for each story.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Page, startBrowser, startDemo } from "./demo.js";

/** Starts the demo for the stories of a file. `story(name, tell, options)` tells one on a page on which no script may fail. */
export function stories() {
  let demo;
  let browser;

  before(async () => {
    browser = await startBrowser();
    demo = await startDemo();
  });

  after(async () => {
    await browser?.close();
    assert.equal(await demo?.stop(), 0, "the demo stops cleanly");
  });

  function story(name, tell, options) {
    test(name, async () => {
      const page = await Page.open(browser, demo.url, options);
      const failures = [];
      page.page.on("pageerror", (error) => failures.push(error));
      try {
        await tell(page);
        assert.deepEqual(failures, []);
      } catch (error) {
        console.error(`${await page.asSeen()}\n${demo.logs()}`);
        throw error;
      } finally {
        await page.close();
      }
    });
  }

  return { story, url: () => demo.url };
}
