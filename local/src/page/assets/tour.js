// A guided first minute. It points at the real controls, goes on when the person has done the thing, and is in nobody's
// way: a strip below the panes, and a ring around what it is about.

import { byId, el } from "./dom.js";
import { faultsOn } from "./faults.js";
import { recall, remember } from "./memory.js";
import { openDoors, page, part, requests } from "./page.js";

const STORED = "portcullis-tour";
/** Milliseconds between two looks at where the target is. */
const EVERY = 200;

/** `begin` is the state when the step came up; a step is over when `isDone`, or when the person presses Next. */
const STEPS = [
  {
    title: "Open a door",
    text: "Somebody opens SSH to the whole internet. Press “SSH to the world”: it is done at once.",
    target: () => document.querySelector('[data-opening="ssh-to-the-world"]'),
    begin: () => page.state.messages.length,
    isDone: (before) => openDoors(page.state.groups) > 0 && page.state.messages.length > before,
  },
  {
    title: "Portcullis asks",
    text: "CloudTrail’s record came in, and this card asks in Slack. Point at it: the picture shows what it is about.",
    target: () => newestAsked(),
    begin: () => null,
    isDone: () => newestAsked()?.matches(":hover, :focus-within") === true,
  },
  {
    title: "Become Bob",
    text: "Not everybody may decide. Choose bob, who is an approver.",
    target: () => radio("bob"),
    begin: () => null,
    isDone: () => page.setup.members.find(({ id }) => id === page.user)?.approver === true,
  },
  {
    title: "Deny it",
    text: "Press Deny on the card, and confirm. The responder answers Slack, then takes the rule away.",
    target: () => newestAsked()?.querySelector('[data-action="deny"]'),
    begin: () => states(),
    isDone: (before) => came(before, ["Reverted"], /^.{0,4}Reverted/u),
  },
  {
    title: "The rule is gone",
    text: "Look: removed, and seen to be absent. Now break something: press “Slack is down”.",
    target: () => document.querySelector('[data-fault^="slack"]'),
    begin: () => null,
    isDone: () => faultsOn().length > 0,
  },
  {
    title: "Nothing is lost",
    text: "Open something again, and see the card wait for its next try. Then turn the fault off: the card comes.",
    target: () => document.querySelector('[data-fault][aria-pressed="true"]') ?? document.querySelector('[data-opening="ssh-to-the-world"]'),
    begin: () => page.state.messages.length,
    isDone: (before) => faultsOn().length === 0 && page.state.messages.length > before,
  },
  {
    title: "That was it",
    text: "“Follow it” on a card shows the whole way, from the record to the outcome. The other openings and faults are yours.",
    target: () => null,
    begin: () => null,
    isDone: () => false,
  },
];

let at = -1;
let begun = null;
let timer = 0;

/** Whether the tour begins by itself: at the first visit. */
export const isTourDue = () => recall("localStorage", STORED) === null;

/** Wires it, and begins where it is due. */
export function startTour() {
  byId("tour-skip").addEventListener("click", end);
  byId("tour-next").addEventListener("click", () => go(at + 1));
  byId("tour-again").addEventListener("click", () => go(0));
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && at >= 0 && !document.querySelector("dialog[open]")) end();
  });
  addEventListener("resize", point);
  document.addEventListener("scroll", point, { capture: true, passive: true });
  part(advance);
  if (isTourDue()) at = 0;
}

/** Goes to a step; behind the last one the tour ends. */
function go(to) {
  if (to >= STEPS.length) return end();
  at = to;
  begun = null;
  advance();
}

function end() {
  const hadFocus = byId("tour").contains(document.activeElement);
  at = -1;
  clearInterval(timer);
  remember("localStorage", STORED, "seen");
  byId("tour").hidden = true;
  byId("tour-ring").hidden = true;
  byId("tour-again").hidden = false;
  if (hadFocus) byId("tour-again").focus();
}

/** Looks whether the step is done, and draws the one that is up. */
function advance() {
  if (at < 0 || !page.state) return;
  begun ??= { with: STEPS[at].begin() };
  if (STEPS[at].isDone(begun.with)) {
    at += 1;
    begun = { with: STEPS[at].begin() };
  }
  draw();
}

function draw() {
  byId("tour").hidden = false;
  byId("tour-again").hidden = true;
  const { title, text } = STEPS[at];
  const last = at === STEPS.length - 1;
  if (byId("tour-title").textContent !== title) {
    byId("tour-step").textContent = last ? "Done" : `${at + 1} of ${STEPS.length - 1}`;
    byId("tour-title").textContent = title;
    byId("tour-text").textContent = text;
    byId("tour-dots").replaceChildren(...STEPS.slice(0, -1).map((_, step) => el("i", { class: step < at ? "done" : step === at ? "here" : "" })));
    byId("tour-next").textContent = last ? "Close" : "Next";
    byId("tour-skip").hidden = last;
  }
  clearInterval(timer);
  timer = setInterval(() => {
    if (STEPS[at]?.isDone(begun.with)) advance();
    point();
  }, EVERY);
  point();
}

let pointedAt = null;

/** Brings a new target into sight, once: where the person scrolls after that is theirs. */
function bring(target) {
  const name = target && `${at} ${target.dataset.opening ?? ""} ${target.dataset.fault ?? ""}`;
  if (!name || name === pointedAt || !target.checkVisibility()) return;
  pointedAt = name;
  target.scrollIntoView({ block: "nearest" });
}

/** Puts the ring around the target, or around the tab behind which it is. */
function point() {
  if (at < 0) return;
  const ring = byId("tour-ring");
  const target = STEPS[at].target();
  bring(target);
  const seen = target && (target.checkVisibility() ? target : byId(target.closest(".channel") ? "tab-channel" : "tab-accounts"));
  const box = seen?.getBoundingClientRect();
  const pane = seen?.closest(".messages, .aws-body")?.getBoundingClientRect();
  const outside = !box || (pane && (box.bottom < pane.top + 8 || box.top > pane.bottom - 8));
  ring.hidden = Boolean(outside || document.querySelector("dialog:modal"));
  if (ring.hidden) return;
  const top = Math.max(box.top, pane?.top ?? 0);
  const bottom = Math.min(box.bottom, pane?.bottom ?? innerHeight);
  for (const [name, value] of [["left", box.left], ["top", top], ["width", box.width], ["height", bottom - top]]) {
    ring.style.setProperty(name, `${Math.round(value)}px`);
  }
}

/** The newest card that asks for a decision. */
const newestAsked = () =>
  [...document.querySelectorAll(".channel article.message:not(.whisper)")].findLast((card) => card.querySelector('[data-action="deny"]'));

const radio = (name) => {
  const member = page.setup.members.find((candidate) => candidate.name === name);
  return byId("people").querySelector(`input[value="${member?.id}"]`)?.closest("label") ?? null;
};

/** Which requests are in which state, or, without requests, which headers there are. */
const states = () => new Set([...requests().map(({ id, state }) => `${id} ${state}`), ...headers()]);

const headers = () => page.state.messages.map(({ ts, blocks }) => `${ts} ${blocks[0]?.text?.text ?? ""}`);

function came(before, wanted, header) {
  if (requests().some(({ id, state }) => wanted.includes(state) && !before.has(`${id} ${state}`))) return true;
  return page.state.messages.some(({ ts, blocks }) => {
    const text = blocks[0]?.text?.text ?? "";
    return header.test(text) && !before.has(`${ts} ${text}`);
  });
}
