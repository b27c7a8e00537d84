// The accounts as a picture: the internet above, the accounts below it with all their groups in small, and the groups of
// the account that is shown as tiles. Red lines are the internet's reach; words and icons say the same.

import { byId, el, radios, reconcile } from "./dom.js";
import { drawEdges } from "./edges.js";
import { icon } from "./icons.js";
import { markOf, marksOf, rulesOf } from "./marks.js";
import { choose, goTo, groupsOf, openDoors, page, part } from "./page.js";
import { ports, sourceOf } from "./rules.js";
import { count } from "./words.js";

/** How many rules a tile shows. */
const SHOWN = 3;

/** Wires the picture. */
export function startPicture() {
  part(drawPicture);
  new ResizeObserver(() => page.state && drawEdges()).observe(byId("picture"));
}

function drawPicture() {
  internet();
  accounts();
  regions();
  tiles();
  drawEdges();
}

function internet() {
  const open = page.state.groups.filter((group) => openDoors([group]) > 0).length;
  const text = open === 0 ? "reaches no group" : `reaches ${count(open, "group")}`;
  byId("internet").classList.toggle("reaching", open > 0);
  if (byId("internet-reach").textContent !== text) byId("internet-reach").textContent = text;
}

function accounts() {
  const regions = page.setup.regions;
  reconcile(
    byId("accounts"),
    page.setup.accounts,
    ({ id }) => id,
    ({ id }) => groupsOf(id).map((group) => [group.id, openDoors([group])]),
    ({ id, name }) => {
      const open = openDoors(groupsOf(id));
      const input = el("input", { type: "radio", name: "account", value: id, "data-focus": id });
      input.addEventListener("change", () => goTo({ account: id }));
      return el(
        "label",
        { class: `account ${open ? "reached" : ""}`.trim(), "data-account": id },
        input,
        el("span", { class: "account-name" }, name),
        el("span", { class: "account-open" }, icon(open ? "raised" : "shut"), open ? `${open} open` : "closed"),
        el("span", { class: "minis", "aria-hidden": "true" }, ...regions.map((region) => minis(id, region))),
      );
    },
  );
  for (const input of byId("accounts").querySelectorAll("input")) input.checked = input.value === page.account;
}

/** The groups of a region in small. */
function minis(account, region) {
  const mini = (group) => el("i", { class: openDoors([group]) ? "open" : "", "data-mini": group.id });
  return el("span", { title: region }, ...groupsOf(account, region).map(mini));
}

function regions() {
  const choices = page.setup.regions.map((region) => {
    const open = openDoors(groupsOf(page.account, region));
    return { value: region, label: region, badge: open ? `${open} open` : "", badgeTitle: `${open} open to the whole internet` };
  });
  radios(byId("regions"), "region", choices, page.region, (region) => goTo({ region }));
}

function tiles() {
  reconcile(
    byId("tiles"),
    groupsOf(page.account, page.region),
    (group) => group.id,
    (group) => [group, marksOf(group), names()],
    tile,
  );
  for (const input of byId("tiles").querySelectorAll("input")) input.checked = input.value === page.group;
}

/** A tile names other groups: their names are part of it. */
const names = () => groupsOf(page.account, page.region).length;

function tile(group) {
  const open = openDoors([group]);
  const rules = rulesOf(group);
  const input = el("input", { type: "radio", name: "group", value: group.id, "data-focus": group.id });
  input.addEventListener("change", () => choose(group.id));
  const more = rules.length - SHOWN;
  const node = el(
    "div",
    { class: `tile ${open ? "reached" : ""}`.trim(), "data-tile": group.id, "data-group": group.name },
    el("label", {}, input, icon(open ? "raised" : "shut"), el("span", { class: "tile-name" }, group.name),
      group.default_vpc ? el("small", {}, "default VPC") : null),
    el("p", { class: "reach" }, reach(group, open)),
    el("ul", { class: "lets-in" }, ...rules.slice(0, more === 1 ? SHOWN + 1 : SHOWN).map((rule) => row(rule, group))),
    more > 1 ? el("p", { class: "rest" }, `and ${count(more, "more rule")}`) : null,
  );
  node.addEventListener("click", (event) => {
    if (event.target.closest("label")) return;
    choose(group.id);
  });
  return node;
}

function reach(group, open) {
  if (open > 0) return "Open to the internet";
  return group.rules.length > 0 ? "Closed to the internet" : "Lets nothing in";
}

function row(rule, group) {
  const source = sourceOf(rule, group);
  const mark = markOf(rule);
  return el(
    "li",
    { class: `${mark} ${rule.world ? "world" : ""}`.trim(), "data-rule": rule.id },
    mark ? sign(mark) : icon(source.icon),
    el("b", {}, ports(rule)),
    el("span", {}, `from ${source.text}`),
  );
}

/** The mark of a rule in one character: the tile does not grow, and nothing moves away below it. */
function sign(mark) {
  const [character, word] = { new: ["+", "new"], changed: ["~", "changed"], gone: ["−", "removed"] }[mark];
  return el("em", { role: "img", "aria-label": word, title: word }, character);
}

