// The accounts' security groups, live, and what people do with them.

import { post } from "./api.js";
import { byId, el, radios, reconcile } from "./dom.js";

/** How many rules of a group are shown at first. */
const SHOWN = 10;
/** How long what is new or gone stays marked, in milliseconds. */
const MARKED = 8_000;
/** EC2's icmp and numeric protocols have no ports to speak of. */
const WITH_PORTS = ["tcp", "udp"];

const place = { account: "", region: "" };
const expanded = new Set();
/** By rule id: {mark: "new" | "changed" | "gone", until, rule, group}. */
const marks = new Map();
let rulesBefore = null;
let state = null;
let setup = null;

/** Fills the form's lists and wires it. */
export function startGroups(given) {
  setup = given;
  place.account = setup.accounts[0].id;
  place.region = setup.regions[0];
  const option = ({ key, title }) => el("option", { value: key }, title);
  byId("who").append(...setup.openers.map(option));
  byId("what").append(...setup.openings.map(option));
  byId("open").addEventListener("submit", (event) => {
    event.preventDefault();
    void openGroup();
  });
  byId("modify-no").addEventListener("click", () => byId("modify").close());
}

/** Shows the groups of the chosen account and region. */
export function showGroups(now) {
  state = now;
  mark(now.groups);
  draw();
}

function draw() {
  const inside = (group) => group.rules.filter((rule) => rule.world).length;
  const count = (groups) => groups.reduce((sum, group) => sum + inside(group), 0);
  const choice = (value, label, groups, note) => {
    const open = count(groups);
    return { value, label, note, badge: open || "", badgeTitle: `${open} open to the whole internet` };
  };
  const inAccount = (id) => state.groups.filter((group) => group.account === id);
  const inPlace = (region) => inAccount(place.account).filter((group) => group.region === region);
  const accounts = setup.accounts.map(({ id, name }) => choice(id, name, inAccount(id)));
  const regions = setup.regions.map((region) => choice(region, region, inPlace(region)));
  radios(byId("accounts"), "account", accounts, place.account, (value) => go({ account: value }));
  radios(byId("regions"), "region", regions, place.region, (value) => go({ region: value }));
  const groups = inPlace(place.region);
  listGroups(groups);
  reconcile(
    byId("groups"),
    groups,
    (group) => group.id,
    (group) => [group, expanded.has(group.id), marksOf(group).map(({ mark, rule }) => [mark, rule.id])],
    groupNode,
  );
  faults();
}

function go(to) {
  Object.assign(place, to);
  draw();
}

function listGroups(groups) {
  const select = byId("group");
  const chosen = select.value;
  const named = groups.map((group) => ({ id: group.id, title: groupTitle(group) }));
  reconcile(select, named, (group) => group.id, (group) => group, ({ id, title }) => el("option", { value: id }, title));
  const preferred = groups.find((group) => group.name === "web") ?? groups[0];
  select.value = groups.some((group) => group.id === chosen) ? chosen : (preferred?.id ?? "");
}

const groupTitle = (group) => `${group.name}${group.default_vpc ? " (default VPC)" : ""} ${group.id}`;

/** Compares with the rules seen last: what is new, changed or gone stays marked for a while. */
function mark(groups) {
  const rules = new Map(groups.flatMap((group) => group.rules.map((rule) => [rule.id, { rule, group }])));
  const until = Date.now() + MARKED;
  if (rulesBefore) {
    for (const [id, { rule, group }] of rules) {
      const before = rulesBefore.get(id);
      const same = before && JSON.stringify(before.rule) === JSON.stringify(rule);
      if (!same) marks.set(id, { mark: before ? "changed" : "new", until, rule, group: group.id });
    }
    for (const [id, { rule, group }] of rulesBefore) {
      if (!rules.has(id)) marks.set(id, { mark: "gone", until, rule, group: group.id });
    }
    setTimeout(unmark, MARKED + 50);
  }
  rulesBefore = rules;
}

function unmark() {
  const now = Date.now();
  for (const [id, { until }] of marks) if (until <= now) marks.delete(id);
  draw();
}

const marksOf = (group) => [...marks.values()].filter((marked) => marked.group === group.id);

function groupNode(group) {
  const gone = marksOf(group).filter(({ mark: kind }) => kind === "gone").map(({ rule }) => rule);
  const rules = [...group.rules, ...gone].sort(byWidth);
  const shown = expanded.has(group.id) ? rules : rules.slice(0, SHOWN);
  return el(
    "section",
    { class: "group", "data-group": group.name, "aria-label": `Security group ${groupTitle(group)}` },
    el("h4", {}, group.name, el("small", {}, group.id), group.default_vpc ? el("small", {}, "default VPC") : null),
    rules.length === 0
      ? el("p", { class: "nothing" }, "Lets nothing in.")
      : el("ul", { class: "rules" }, ...shown.map((rule) => ruleNode(rule, group))),
    rules.length > SHOWN ? moreButton(group, rules.length) : null,
  );
}

/** The whole internet first, then what has just changed, then by ports. */
function byWidth(a, b) {
  const marked = (rule) => Number(marks.has(rule.id));
  return b.world - a.world || marked(b) - marked(a) || a.from_port - b.from_port || (a.source < b.source ? -1 : 1);
}

function moreButton(group, count) {
  const all = expanded.has(group.id);
  const toggle = () => {
    if (all) expanded.delete(group.id);
    else expanded.add(group.id);
    draw();
  };
  const label = all ? "Show fewer" : `Show all ${count} rules`;
  return el("button", { type: "button", class: "more", "data-focus": "more", onclick: toggle }, label);
}

function ports(rule) {
  if (rule.protocol === "-1") return "all traffic";
  if (!WITH_PORTS.includes(rule.protocol)) return rule.protocol;
  return `${rule.protocol} ${rule.from_port === rule.to_port ? rule.from_port : `${rule.from_port}-${rule.to_port}`}`;
}

function ruleNode(rule, group) {
  const kind = marks.get(rule.id)?.mark ?? "";
  const gone = kind === "gone";
  const what = `${ports(rule)} from ${rule.source}`;
  const small = (label, action) => {
    const attributes = { type: "button", class: "small", "data-focus": `${label} ${rule.id}` };
    return el("button", { ...attributes, "aria-label": `${label} ${what}`, onclick: action }, label);
  };
  return el(
    "li",
    { class: `rule ${kind} ${rule.world ? "world" : ""}`.trim(), "data-rule": gone ? undefined : rule.id },
    el("span", { class: "ports" }, ports(rule)),
    el("span", { class: "source" }, rule.source, rule.world ? el("em", {}, "the internet") : null),
    el("span", { class: "description" }, rule.description ?? ""),
    gone
      ? el("span", { class: "tools" }, el("em", {}, "removed"))
      : el(
          "span",
          { class: "tools" },
          small("Modify", () => askModify(rule, group)),
          small("Revoke", () => act("/api/revoke", group, { rule: rule.id }, `Revoked ${what}.`)),
        ),
  );
}

function target(group) {
  return { who: byId("who").value, account: place.account, region: place.region, group };
}

async function openGroup() {
  const body = { what: byId("what").value, description: byId("description").value };
  const name = byId("group").selectedOptions[0]?.textContent.split(" ")[0] ?? "";
  await act("/api/open", { id: byId("group").value }, body, `Opened ${name}. CloudTrail hands the record over now.`);
}

/** Does it as the chosen person, and says below the form how it went. */
async function act(path, group, body, done) {
  const said = byId("said");
  try {
    await post(path, { ...target(group.id), ...body });
    said.className = "said";
    said.textContent = done;
  } catch (error) {
    said.className = "said wrong";
    said.textContent = error.message;
  }
}

function askModify(rule, group) {
  const form = byId("modify-form");
  form.elements.from_port.value = rule.from_port;
  form.elements.to_port.value = rule.to_port;
  form.elements.source.value = rule.source;
  const who = byId("who").selectedOptions[0].textContent;
  byId("modify-rule").textContent = `${ports(rule)} from ${rule.source} in ${group.name}, as ${who}`;
  byId("modify-said").textContent = "";
  form.onsubmit = async (event) => {
    event.preventDefault();
    try {
      await post("/api/modify", {
        ...target(group.id),
        rule: rule.id,
        from_port: Number(form.elements.from_port.value),
        to_port: Number(form.elements.to_port.value),
        source: form.elements.source.value.trim(),
      });
      byId("modify").close();
      byId("said").className = "said";
      byId("said").textContent = `Modified a rule of ${group.name}.`;
    } catch (error) {
      byId("modify-said").textContent = error.message;
    }
  };
  byId("modify").showModal();
}

function faults() {
  reconcile(byId("faults"), setup.faults, (fault) => fault.key, (fault) => [fault, state.faults[fault.key]], (fault) => {
    const box = el("input", { type: "checkbox", "data-focus": fault.key });
    box.checked = state.faults[fault.key];
    box.addEventListener("change", () => void post("/api/fault", { key: fault.key, on: box.checked }));
    return el("label", {}, box, fault.title);
  });
}
