// On narrow screens one sees the channel or the accounts: tabs, by the pattern of the same name.

import { byId } from "./dom.js";
import { page, part } from "./page.js";

const TABS = ["channel", "accounts"];
let seen = new Set();

/** Wires the tabs. */
export function startTabs() {
  for (const name of TABS) {
    const tab = byId(`tab-${name}`);
    tab.addEventListener("click", () => see(name));
    tab.addEventListener("keydown", (event) => {
      const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!by) return;
      const to = TABS[(TABS.indexOf(name) + by + TABS.length) % TABS.length];
      see(to);
      byId(`tab-${to}`).focus();
    });
  }
  see("channel");
  part(countNew);
}

const isShown = (name) => document.body.dataset.tab === name;

/** Shows the channel, where only one of the two is seen. */
export const seeChannel = () => see("channel");

function see(name) {
  document.body.dataset.tab = name;
  for (const one of TABS) {
    byId(`tab-${one}`).setAttribute("aria-selected", String(one === name));
    byId(`tab-${one}`).tabIndex = one === name ? 0 : -1;
  }
  if (page.state) countNew();
}

/** How many messages came since the channel was seen. */
function countNew() {
  const all = page.state.messages.map(({ ts }) => ts);
  if (isShown("channel") || seen.size === 0) seen = new Set([...all, "-"]);
  const fresh = all.filter((ts) => !seen.has(ts)).length;
  byId("tab-channel-new").textContent = fresh ? `${fresh} new` : "";
  byId("tab-channel-new").hidden = fresh === 0;
}
