// The group that is chosen: its rules, and what people do to them by hand.

import { post } from "./api.js";
import { byId, el, reconcile } from "./dom.js";
import { icon } from "./icons.js";
import { markOf, marksOf, rulesOf } from "./marks.js";
import { said, target, who } from "./openings.js";
import { accountName, groupById, page, part, show } from "./page.js";
import { cardOfRule } from "./pointing.js";
import { focusCard } from "./press.js";
import { ports, sourceOf } from "./rules.js";
import { seeChannel } from "./tabs.js";

/** How many rules are shown at first. */
const SHOWN = 10;

const expanded = new Set();

/** Wires it. */
export function startGroup() {
  part(showGroup);
  byId("modify-no").addEventListener("click", () => byId("modify").close());
}

function showGroup() {
  const group = groupById(page.group);
  reconcile(
    byId("group-rules"),
    group ? [group] : [],
    ({ id }) => id,
    () => [group, expanded.has(group.id), marksOf(group), rulesOf(group).map(({ id }) => cardOfRule(id) !== null)],
    groupNode,
  );
}

function groupNode(group) {
  const rules = rulesOf(group);
  const shown = expanded.has(group.id) ? rules : rules.slice(0, SHOWN);
  return el(
    "section",
    { class: "group", "data-group": group.name, "aria-labelledby": "group-title" },
    el(
      "h3",
      { id: "group-title" },
      el("span", {}, "Rules of ", el("b", {}, group.name)),
      el("small", { class: "mono" }, group.id),
      el("small", {}, `${accountName(group.account)}, ${group.region}${group.default_vpc ? ", default VPC" : ""}`),
    ),
    rules.length === 0
      ? el("p", { class: "nothing" }, "It lets nothing in.")
      : el("ul", { class: "rules" }, ...shown.map((rule) => ruleNode(rule, group))),
    rules.length > SHOWN ? moreButton(group, rules.length) : null,
  );
}

function moreButton(group, all) {
  const open = expanded.has(group.id);
  const toggle = () => {
    if (open) expanded.delete(group.id);
    else expanded.add(group.id);
    show();
  };
  const label = open ? "Show fewer" : `Show all ${all} rules`;
  return el("button", { type: "button", class: "more", "data-focus": "more", "aria-expanded": String(open), onclick: toggle }, label);
}

function ruleNode(rule, group) {
  const mark = markOf(rule);
  const gone = mark === "gone";
  const what = `${ports(rule)} from ${rule.source}`;
  const source = sourceOf(rule, group);
  const isNamed = source.text !== rule.source;
  const small = (label, action) => {
    const attributes = { type: "button", class: "small", "data-focus": `${label} ${rule.id}` };
    return el("button", { ...attributes, "aria-label": `${label} ${what}`, onclick: action }, label);
  };
  return el(
    "li",
    { class: `rule ${mark} ${rule.world ? "world" : ""} ${gone ? "" : "stands"}`.trim(), "data-rule": rule.id },
    el("span", { class: "ports" }, ports(rule)),
    el("span", { class: "source" }, icon(source.icon), el("span", {}, rule.source), isNamed ? el("em", {}, source.text) : null),
    el("span", { class: "description" }, rule.description ?? ""),
    el(
      "span",
      { class: "tools" },
      mark ? el("em", { class: "mark" }, { new: "new", changed: "changed", gone: "removed" }[mark]) : null,
      cardOfRule(rule.id) ? small("Its card", () => seeCard(rule.id)) : null,
      gone ? null : small("Modify", () => askModify(rule, group)),
      gone ? null : small("Revoke", () => void revoke(rule, group, what)),
    ),
  );
}

function seeCard(rule) {
  const ts = cardOfRule(rule);
  if (!ts) return;
  seeChannel();
  focusCard(ts, "follow");
}

async function revoke(rule, group, what) {
  try {
    await post("/api/revoke", { ...target(group), rule: rule.id });
    said(`Revoked ${what}, as ${who().title}.`);
  } catch (error) {
    said(error.message, true);
  }
}

function askModify(rule, group) {
  const form = byId("modify-form");
  form.elements.from_port.value = rule.from_port;
  form.elements.to_port.value = rule.to_port;
  form.elements.source.value = rule.source;
  byId("modify-rule").textContent = `${ports(rule)} from ${rule.source} in ${group.name}, as ${who().title}`;
  byId("modify-said").textContent = "";
  form.onsubmit = async (event) => {
    event.preventDefault();
    try {
      await post("/api/modify", {
        ...target(group),
        rule: rule.id,
        from_port: Number(form.elements.from_port.value),
        to_port: Number(form.elements.to_port.value),
        source: form.elements.source.value.trim(),
      });
      byId("modify").close();
      said(`Modified a rule of ${group.name}.`);
    } catch (error) {
      byId("modify-said").textContent = error.message;
    }
  };
  byId("modify").showModal();
}
