// One request from CloudTrail's record to its outcome, beside the channel: a time line that grows while it is open, the
// table's item as it stands, and the record.

import { request } from "./api.js";
import { byId, el, reconcile } from "./dom.js";
import { icon } from "./icons.js";
import { jsonTree } from "./json.js";
import { accountName, groupById, requests } from "./page.js";
import { clockSeconds } from "./words.js";

/** Milliseconds between two looks. */
const EVERY = 700;
/** The icon and the words of each place. */
const WHERE = {
  aws: ["cloud", "AWS"],
  cloudtrail: ["record", "CloudTrail"],
  eventbridge: ["function", "EventBridge"],
  lake: ["record", "CloudTrail Lake"],
  poller: ["function", "Poller"],
  responder: ["function", "Responder"],
  table: ["table", "Table"],
  slack: ["post", "Slack"],
  person: ["person", "Person"],
  ec2: ["cloud", "EC2"],
};

const dialog = byId("follow");
/** The request shown: {id, from: the element that opened it, opened: folds by path}. */
let shown = null;
let next = 0;

/** Wires the sheet. */
export function startFollow() {
  byId("follow-close").addEventListener("click", close);
  dialog.addEventListener("cancel", (event) => {
    event.preventDefault();
    close();
  });
  // Beside the channel it is no modal dialog, so that one can decide and watch: Escape is ours then.
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && shown && !document.querySelector("dialog:modal")) close();
  });
  new ResizeObserver(() => shown && fit()).observe(byId("accounts-pane"));
  matchMedia(WIDE).addEventListener("change", () => {
    if (!shown) return;
    dialog.close();
    unfold();
  });
}

/** From here on both panes are seen side by side. */
const WIDE = "(min-width: 760px)";

function unfold() {
  const beside = matchMedia(WIDE).matches;
  if (beside) dialog.show();
  else dialog.showModal();
  // What the sheet covers cannot be reached by keyboard either.
  byId("accounts-pane").inert = beside;
  fit();
}

/** Beside the channel the sheet covers the accounts, and nothing else. */
function fit() {
  const { left, top, right, bottom } = byId("accounts-pane").getBoundingClientRect();
  const inset = [top, innerWidth - right, innerHeight - bottom, left].map((length) => `${length}px`).join(" ");
  dialog.style.setProperty("inset", matchMedia(WIDE).matches ? inset : "8px");
}

/** Opens the sheet for a request. */
export function follow(id) {
  const again = shown !== null;
  shown = { id, opened: new Map(), from: id };
  if (!again) unfold();
  for (const part of ["follow-timeline", "follow-item", "follow-record"]) byId(part).replaceChildren();
  byId("follow-state").textContent = "…";
  byId("follow-error").textContent = "";
  byId("follow-title").focus({ preventScroll: true });
  clearTimeout(next);
  void look();
}

function close() {
  if (!shown) return;
  const { from } = shown;
  shown = null;
  clearTimeout(next);
  dialog.close();
  byId("accounts-pane").inert = false;
  document.querySelector(`.follow[data-request="${CSS.escape(from)}"]`)?.focus();
}

async function look() {
  const asked = shown;
  try {
    const now = await request(asked.id);
    if (shown !== asked) return;
    draw(now);
    byId("follow-error").textContent = "";
  } catch (error) {
    if (shown !== asked) return;
    byId("follow-error").textContent = error.message;
  }
  next = setTimeout(look, EVERY);
}

function draw({ id, timeline, item, record }) {
  const known = requests().find((candidate) => candidate.id === id);
  byId("follow-state").textContent = known ? `${inWords(known.state)}: ${place(known)}` : "";
  byId("follow-id").textContent = id;
  const begin = timeline[0]?.at ?? 0;
  reconcile(
    byId("follow-timeline"),
    timeline.map((entry, at) => ({ ...entry, key: `${at} ${entry.title}` })),
    ({ key }) => key,
    (entry) => [entry, begin],
    (entry) => entryNode(entry, begin),
  );
  tree("follow-item", item && Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1))));
  tree("follow-record", record);
}

/** "RevertFailed" as "Revert failed". */
const inWords = (state) => state.replace(/(?<=[a-z])([A-Z])/g, (letter) => ` ${letter.toLowerCase()}`);

const place = (known) =>
  `${known.group_name ?? groupById(known.group)?.name ?? known.group}, ${accountName(known.account)}, ${known.region}`;

function entryNode({ at, where, title, detail }, begin) {
  const [sign, words] = WHERE[where] ?? ["clock", where];
  const after = (at - begin) / 1000;
  return el(
    "li",
    { class: `at-${where}` },
    el("span", { class: "sign" }, icon(sign)),
    el(
      "div",
      {},
      el("p", { class: "when" }, el("span", { class: "where" }, words),
        el("time", { datetime: new Date(at).toISOString() }, clockSeconds(at)),
        el("span", {}, `+${after < 60 ? after.toFixed(1) : Math.round(after)} s`)),
      el("p", { class: "what" }, title),
      detail ? el("p", { class: "detail" }, typeof detail === "string" ? detail : JSON.stringify(detail)) : null,
    ),
  );
}

/** A tree is drawn anew only where the value is another; what was unfolded stays so. */
function tree(id, value) {
  const paths = [value];
  reconcile(byId(id), paths, () => id, () => value ?? null, () =>
    (value === null || value === undefined ? el("p", { class: "nothing" }, "Nothing here.") : jsonTree(value, shown.opened, id)));
}

