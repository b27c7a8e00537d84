// What happens now, in words: how much waits for a person, what is broken, what waits for another try and when, and what
// has just recovered.

import { post } from "./api.js";
import { byId, el, reconcile } from "./dom.js";
import { faultsOn, turnFault, wasTurnedOff } from "./faults.js";
import { icon } from "./icons.js";
import { accountName, groupById, openDoors, page, part, requests } from "./page.js";
import { count, ordinal, until } from "./words.js";

/** How long a recovery is told, in milliseconds. */
const TOLD = 20_000;
/** How often the countdown is drawn anew, in milliseconds. */
const TICK = 250;

/** Waits seen last, by request: {work, tries}. */
const waiting = new Map();
/** What has recovered: {key, text, until}. */
let recovered = [];

/** Wires it. */
export function startNow() {
  part(() => {
    watch();
    draw();
  });
  setInterval(() => {
    if (page.state) draw();
  }, TICK);
}

/** The fault that goes off by itself, once it has happened. */
const KILLED = "killed-after-answer";
/** How old the decision may be that the responder was killed after, in milliseconds. */
const RECENT = 15_000;
let wasDoomed = false;
/** Requests whose Deny a killed responder left to the next sweep. */
const left = new Set();

/** The fault went off without anybody's doing: whose Deny was it? */
function watchKill() {
  const isDoomed = page.state.faults[KILLED] === true;
  if (wasDoomed && !isDoomed && !wasTurnedOff(KILLED)) {
    const denied = requests().filter(({ decision }) => decision?.verdict === "deny" && Date.now() - decision.at < RECENT);
    const latest = denied.reduce((a, b) => (a && a.decision.at > b.decision.at ? a : b), null);
    if (latest) {
      left.add(latest.id);
      waiting.set(latest.id, { work: "revert", tries: 0 });
    }
  }
  wasDoomed = isDoomed;
}

const isReverted = ({ state }) => !["Denied", "Reverting"].includes(state);

/** What has been tried and failed, or was left half done, and is due again. */
const failing = () =>
  requests().filter((request) => request.waits?.tries > 0 || (left.has(request.id) && !isReverted(request)));

/** What a request waits for, in the words of the API. */
const waitsOf = (request) => (request.waits?.tries > 0 ? request.waits : { work: "revert", at: Date.now(), tries: 0, error: null });

const WORK = {
  post: { what: "card", done: (where) => `The card for ${where} is in Slack` },
  update: { what: "update of the card", done: (where) => `The card for ${where} shows how it stands` },
  revert: { what: "revert", done: (where) => `The revert in ${where} is done` },
};

const place = (request) =>
  `${request.group_name ?? groupById(request.group)?.name ?? request.group} in ${accountName(request.account)}`;

/** Compares with what waited before. */
function watch() {
  watchKill();
  const now = new Map(failing().map((request) => [request.id, { request, ...waitsOf(request) }]));
  for (const [id, before] of waiting) {
    const request = requests().find((candidate) => candidate.id === id);
    const isDone = before.work === "revert" ? request && isReverted(request) : now.get(id)?.work !== before.work;
    if (!request || !isDone) continue;
    waiting.delete(id);
    left.delete(id);
    if (before.work === "revert" && ["RevertFailed", "PartlyReverted"].includes(request.state)) continue;
    const how = before.tries === 0 ? "by the next sweep" : `at the ${ordinal(before.tries + 1)} try`;
    const text = `Recovered: ${WORK[before.work].done(place(request))}, ${how}.`;
    recovered.push({ key: `${id} ${before.work}`, text, until: Date.now() + TOLD });
    tell(text);
  }
  for (const [id, { request, work, tries }] of now) {
    const before = waiting.get(id);
    if (before?.tries !== tries || before.work !== work) tell(sentence(request, false));
    waiting.set(id, { work, tries });
  }
}

function tell(text) {
  byId("now-announcements").textContent = text;
}

/** "Slack is down: card for web in prod-web is tried again in 7 s (3rd time)". */
function sentence(request, counting = true) {
  const { work, at, tries } = waitsOf(request);
  const cause = faultsOn().filter(({ holds }) => holds.includes(work)).map(({ title }) => title).join(", ");
  const when = counting ? ` ${until(at)}` : "";
  if (tries === 0) return `The responder was killed: the next sweep reverts ${place(request)}`;
  const again = `${WORK[work].what} for ${place(request)} is tried again${when} (${ordinal(tries + 1)} time)`;
  return cause ? `${cause}: ${again}` : again[0].toUpperCase() + again.slice(1);
}

function draw() {
  recovered = recovered.filter((one) => one.until > Date.now());
  const entries = [
    ...failing().map((request) => ({ key: `wait ${request.id}`, kind: "waits", text: sentence(request), error: waitsOf(request).error })),
    ...recovered.map(({ key, text }) => ({ key, kind: "recovered", text })),
    ...pipelines(),
    ...idleFaults(),
  ];
  reconcile(byId("now"), entries, ({ key }) => key, (entry) => entry, entryNode);
  byId("counts").hidden = entries.length > 2;
  reconcile(byId("counts"), counts(), ({ key }) => key, (entry) => entry, ({ key, text, kind }) =>
    el("li", { class: kind, "data-count": key }, kind ? icon(kind === "alarm" ? "globe" : "clock") : null, text));
}

/** Faults that nothing waits because of. */
function idleFaults() {
  if (failing().length > 0) return [];
  return faultsOn().map(({ key, title, explains }) => ({ key: `fault ${key}`, kind: "fault", text: title, fault: key, error: explains }));
}

function pipelines() {
  return (page.state.pipelines ?? []).filter(({ left }) => left > 0).map(({ group, reopened, left }) => ({
    key: `pipeline ${group}`,
    kind: "fault",
    text: `terraform-apply opens ${groupById(group)?.name ?? group} again when it is closed: ${reopened} so far, ${left} left`,
    pipeline: true,
  }));
}

function entryNode({ kind, text, error, fault, pipeline }) {
  const off = fault
    ? el("button", { type: "button", class: "small", "data-focus": "off", "aria-label": `Turn off: ${text}`, onclick: () => void turnFault(fault, false) }, "Turn off")
    : null;
  const stop = pipeline
    ? el("button", { type: "button", class: "small", "data-focus": "stop", onclick: () => void post("/api/stop-pipeline", {}) }, "Stop the pipeline")
    : null;
  const sign = { waits: "clock", recovered: "done", fault: "warning" }[kind];
  return el("li", { class: kind, title: error ?? undefined }, icon(sign), el("span", {}, text), off, stop);
}

function counts() {
  const open = openDoors(page.state.groups);
  const { stored } = page.state.counts ?? {};
  const waits = requests().filter((request) => isAsked(request)).length;
  return [
    { key: "groups", text: count(page.state.groups.length, "group") + " watched" },
    stored === undefined ? null : { key: "stored", text: `${count(stored, "request")} so far` },
    waits === 0 ? null : { key: "asked", text: waits === 1 ? "1 waits for a decision" : `${waits} wait for a decision`, kind: "asked" },
    { key: "open", text: open === 0 ? "nothing open to the internet" : `${open} open to the internet`, kind: open ? "alarm" : "" },
  ].filter(Boolean);
}

const isAsked = (request) => request.decision === null && request.state === "Pending";
