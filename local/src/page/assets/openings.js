// Openings by one click, into the group that is chosen.

import { post } from "./api.js";
import { byId, el, reconcile } from "./dom.js";
import { accountName, groupById, page, part } from "./page.js";

/** Wires the buttons. */
export function startOpenings() {
  const { openers, openings } = page.setup;
  byId("who").append(...openers.map(({ key, title }) => el("option", { value: key }, title)));
  reconcile(byId("openings"), openings, ({ key }) => key, (opening) => opening, openingButton);
  explain(byId("openings"), byId("explains"));
  part(showTarget);
}

/** While one points at a button in `box`, `line` says what its description says; a press takes it away. */
export function explain(box, line) {
  const say = (event) => {
    const button = event.target.closest("button");
    line.textContent = (button && byId(button.getAttribute("aria-describedby"))?.textContent) ?? "";
  };
  for (const event of ["pointerover", "focusin"]) box.addEventListener(event, say);
  for (const event of ["pointerleave", "focusout", "click"]) box.addEventListener(event, () => (line.textContent = ""));
}

/** The buttons' words; the whole title is read with the explanation. */
const SHORT = {
  "ssh-to-the-world": "SSH to the world",
  "https-from-one-range": "A range",
  "port-range": "A range of ports",
  "all-traffic": "All traffic",
  "database-to-ipv6": "All of IPv6",
  "prefix-list": "A prefix list",
  "other-group": "Another group",
  "three-at-once": "Three at once",
  "five-hundred": "500 at once",
  "widened-by-modify": "Widen a rule",
  "cut-off": "Record cut off",
  "reopened-by-pipeline": "Pipeline that reopens",
};

function openingButton({ key, title, explains }) {
  const open = () => void openGroup(key);
  const id = `explains-${key}`;
  return el(
    "li",
    {},
    el("button", { type: "button", "data-opening": key, "data-focus": key, "aria-describedby": id, onclick: open }, SHORT[key] ?? title),
    el("span", { class: "hidden", id }, explains ? `${title}. ${explains}` : title),
  );
}

/** Says into which group the buttons open. */
function showTarget() {
  const group = groupById(page.group);
  const text = group ? `${group.name} in ${accountName(group.account)}` : "";
  if (byId("open-group").textContent !== text) byId("open-group").textContent = text;
  for (const button of byId("openings").querySelectorAll("button")) button.disabled = !group;
}

/** Who acts: {key, title}. */
export function who() {
  return page.setup.openers.find(({ key }) => key === byId("who").value) ?? page.setup.openers[0];
}

/** Who acts on a group, as the API wants it. */
export function target(group) {
  return { who: who().key, account: group.account, region: group.region, group: group.id };
}

/** Says below the buttons how it went, below the explanation. */
export function said(text, wrong = false) {
  byId("said").className = wrong ? "said wrong" : "said";
  byId("said").textContent = text;
}

async function openGroup(what) {
  const group = groupById(page.group);
  if (!group) return;
  try {
    await post("/api/open", { ...target(group), what, description: byId("description").value });
    said(`Opened ${group.name}, as ${who().title}. The record is on its way.`);
  } catch (error) {
    said(error.message, true);
  }
}
