// Slack's modals: the view that the app opened for the chosen person. Built once, so that what is typed survives every
// look; the errors that the app answers with are shown inside. Format: docs.slack.dev, surfaces/modals.

import { post } from "./api.js";
import { appAvatar } from "./avatar.js";
import { blockNode } from "./blocks.js";
import { el } from "./dom.js";
import { icon } from "./icons.js";
import { textObject } from "./mrkdwn.js";
import { page, part, people } from "./page.js";
import { focusCard } from "./press.js";

/** How near to the limit the counter warns, in characters. */
const NEAR = 20;

/** The dialog that is open: {id, dialog, inputs: Map(block_id -> input), errors, busy, from: {ts, focus} or null}. */
let open = null;
/** Views that a person left, until the app's side forgets them too. */
const left = new Set();

/** Shows modals as they come. */
export function startModals() {
  part(showModal);
}

function showModal() {
  const modals = page.state.modals ?? [];
  for (const id of left) if (!modals.some((modal) => modal.view_id === id)) left.delete(id);
  const mine = modals.findLast((modal) => modal.user === page.user && !left.has(modal.view_id));
  if (open && open.id !== mine?.view_id) close();
  if (mine && !open) openView(mine);
  if (open && mine && !open.busy) showErrors(mine.errors ?? {});
}

function openView({ view_id: id, user, view }) {
  const text = (object) => textObject(object, people());
  const inputs = new Map();
  const trouble = el("p", { class: "modal-error", role: "alert" });
  const title = el("h2", { id: `${id}-title` }, text(view.title));
  const leave = () => void dismiss(id, user);
  const submit = view.submit
    ? el("button", { type: "submit", class: "primary" }, text(view.submit))
    : null;
  const form = el(
    "form",
    { novalidate: true },
    el("div", { class: "modal-head" }, appAvatar(), title,
      el("button", { type: "button", class: "bare", "aria-label": "Close", onclick: leave }, icon("close"))),
    el("div", { class: "modal-body" },
      ...view.blocks.map((block) => (block.type === "input" ? inputNode(id, block, inputs) : blockNode(block, {}))), trouble),
    el("div", { class: "dialog-buttons" },
      el("button", { type: "button", onclick: leave }, view.close ? text(view.close) : "Cancel"), submit),
  );
  const dialog = el("dialog", { class: "modal", "aria-labelledby": `${id}-title`, "data-view": id }, form);
  open = { id, user, dialog, inputs, submit, trouble, busy: false, from: cardInFocus() };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void send();
  });
  dialog.addEventListener("cancel", (event) => {
    event.preventDefault();
    leave();
  });
  // The browser may close it without asking, at a second Escape.
  dialog.addEventListener("close", () => {
    if (open?.dialog === dialog) leave();
  });
  document.body.append(dialog);
  dialog.showModal();
  inputs.values().next().value?.box.focus();
}

/** Where the person came from: the card and what had the focus on it. */
function cardInFocus() {
  const active = document.activeElement;
  const ts = active?.closest?.("article[data-ts]")?.dataset.ts;
  return ts ? { ts, focus: active.closest("[data-focus]")?.dataset.focus ?? "deny_reason" } : null;
}

/** An input block: label, field, counter and a place for its error. */
function inputNode(view, block, inputs) {
  const { element } = block;
  const name = `${view}-${block.block_id}`;
  const error = el("p", { class: "modal-error", id: `${name}-error`, role: "alert" });
  const counter = el("span", { class: "counter", id: `${name}-counter` });
  const attributes = {
    id: name, name: block.block_id, "aria-describedby": `${name}-error ${name}-counter`, required: !block.optional,
    placeholder: element.placeholder?.text,
  };
  const box = element.multiline ? el("textarea", { ...attributes, rows: 4 }) : el("input", { ...attributes, autocomplete: "off" });
  box.value = element.initial_value ?? "";
  const input = { box, error, counter, element, optional: block.optional === true };
  box.addEventListener("input", () => {
    countCharacters(input);
    setError(input, "");
  });
  countCharacters(input);
  inputs.set(block.block_id, input);
  return el(
    "div",
    { class: "input" },
    el("label", { for: name }, textObject(block.label, people()), block.optional ? el("small", {}, " (optional)") : null),
    box,
    el("div", { class: "below" }, error, counter),
    block.hint ? el("p", { class: "hint" }, textObject(block.hint, people())) : null,
  );
}

/** Characters as Slack counts them are taken to be code points. */
const lengthOf = (text) => [...text].length;

function countCharacters({ box, counter, element }) {
  if (!element.max_length) return;
  const length = lengthOf(box.value);
  counter.textContent = `${length}/${element.max_length}`;
  counter.classList.toggle("near", length > element.max_length - NEAR);
}

/** What Slack's own client says before it sends anything; "" where it would send. */
function complaint({ box, element, optional }) {
  const length = lengthOf(box.value.trim());
  if (length === 0) return optional ? "" : "This field is required.";
  if (element.min_length && length < element.min_length) return `Write at least ${element.min_length} characters.`;
  const over = lengthOf(box.value) - (element.max_length ?? Infinity);
  return over > 0 ? `${over} ${over === 1 ? "character" : "characters"} too many.` : "";
}

function setError({ box, error }, text) {
  if (error.textContent === text) return;
  error.textContent = text;
  if (text) box.setAttribute("aria-invalid", "true");
  else box.removeAttribute("aria-invalid");
}

let shown = "";

/** The errors of the app's answer, each once: typing removes them. */
function showErrors(errors) {
  const now = JSON.stringify([open.id, errors]);
  if (now === shown) return;
  shown = now;
  for (const [block, input] of open.inputs) setError(input, errors[block] ?? "");
  const elsewhere = Object.entries(errors).filter(([block]) => !open.inputs.has(block)).map(([, text]) => text);
  open.trouble.textContent = elsewhere.join(" ");
}

async function send() {
  const { id, user, inputs, submit, trouble } = open;
  const complaints = [...inputs.values()].map((input) => [input, complaint(input)]);
  for (const [input, text] of complaints) setError(input, text);
  const wrong = complaints.find(([, text]) => text);
  if (wrong) return wrong[0].box.focus();
  const values = Object.fromEntries(
    [...inputs].map(([block, { box, element }]) => [block, { [element.action_id]: box.value }]),
  );
  setBusy(true);
  trouble.textContent = "";
  try {
    const { accepted, status, took_ms: took, errors } = await post("/api/submit", { user, view_id: id, values });
    if (open?.id !== id) return;
    const refused = Object.keys(errors ?? {}).length > 0;
    if (refused) {
      shown = "";
      showErrors(errors);
      inputs.values().next().value?.box.focus();
    } else if (accepted) {
      left.add(id);
      return close();
    } else {
      trouble.textContent = `We had some trouble connecting. Slack got ${status} after ${took} ms. Try again?`;
    }
  } catch (error) {
    if (open?.id === id) trouble.textContent = `This didn’t work: ${error.message}`;
  }
  if (open?.id === id) setBusy(false);

  function setBusy(busy) {
    open.busy = busy;
    submit.disabled = busy;
    submit.setAttribute("aria-busy", String(busy));
  }
}

async function dismiss(id, user) {
  left.add(id);
  if (open?.id === id) close();
  try {
    await post("/api/dismiss", { user, view_id: id });
  } catch (error) {
    // It is closed for the person all the same; Slack does not tell the app either.
    console.warn(`the modal ${id} could not be dismissed: ${error.message}`);
  }
}

/** Takes the dialog away and gives the focus back to where it came from. */
function close() {
  const { dialog, from } = open;
  open = null;
  shown = "";
  dialog.close();
  dialog.remove();
  if (from) focusCard(from.ts, from.focus);
}
