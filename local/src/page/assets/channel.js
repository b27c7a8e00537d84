// The channel: messages with their blocks, threads, whispers; and Slack's confirm dialog.

import { post } from "./api.js";
import { byId, el, reconcile } from "./dom.js";
import { withEmoji } from "./emoji.js";
import { mrkdwn, textObject } from "./mrkdwn.js";

const list = byId("messages");
const jump = byId("jump");
/** What is under way or went wrong on a card, by its ts: {busy: action} or {error: text}. */
const cards = new Map();
/** Texts as they were announced last, by ts. */
const announced = new Map();
const openThreads = new Set();
let view = null;
let first = true;

jump.addEventListener("click", () => scrollToEnd());
list.addEventListener("scroll", () => {
  if (isAtEnd()) jump.hidden = true;
});

/** Shows the channel as `user` sees it. */
export function showChannel(state, people, user) {
  view = { state, people, user };
  announce(state);
  const mine = state.whispers.filter((whisper) => whisper.user === user);
  const inChannel = mine.filter((whisper) => !whisper.thread_ts).map((whisper) => ({ ...whisper, whisper: true }));
  const entries = [...state.messages, ...inChannel].sort((a, b) => Number(a.ts) - Number(b.ts));
  const stay = isAtEnd() || first;
  const before = list.childElementCount;
  byId("no-messages").hidden = entries.length > 0;
  reconcile(
    list,
    entries,
    (entry) => entry.ts,
    (entry) => [entry, user, cards.get(entry.ts) ?? null, threadWhispers(mine, entry)],
    (entry) => (entry.whisper ? whisperNode(entry) : messageNode(entry, threadWhispers(mine, entry))),
  );
  first = false;
  if (stay) scrollToEnd();
  else if (list.childElementCount > before) jump.hidden = false;
}

function threadWhispers(whispers, message) {
  return whispers.filter((whisper) => whisper.thread_ts === message.ts);
}

const isAtEnd = () => list.scrollHeight - list.scrollTop - list.clientHeight < 80;

function scrollToEnd() {
  list.scrollTop = list.scrollHeight;
  jump.hidden = true;
}

/** Tells screen readers what is new, by the text that Slack gives them too. */
function announce(state) {
  const messages = [...state.messages, ...state.messages.flatMap((message) => message.thread)];
  for (const { ts, text } of messages) {
    if (announced.get(ts) === text) continue;
    announced.set(ts, text);
    if (!first) byId("announcements").replaceChildren(el("p", {}, mrkdwn(text, view.people, true)));
  }
}

function messageNode(message, whispers) {
  return el(
    "article",
    { class: "message", "data-ts": message.ts, "aria-label": `Message from ${message.author}, ${timeOf(message.ts)}` },
    avatar(message),
    el(
      "div",
      { class: "message-body" },
      byline(message.author, message.ts, message.is_app),
      ...content(message),
      message.edited && message.blocks.length === 0 ? el("small", { class: "edited" }, "(edited)") : null,
      thread(message, whispers),
    ),
  );
}

function avatar(message) {
  if (message.is_app) return el("img", { class: "avatar", src: "/icon.svg", alt: "" });
  return el("span", { class: "avatar person", "aria-hidden": "true" }, message.author.slice(0, 1).toUpperCase());
}

function byline(author, ts, isApp) {
  return el(
    "p",
    { class: "byline" },
    el("b", {}, author),
    isApp ? el("span", { class: "app" }, "APP") : null,
    el("time", { datetime: new Date(Number(ts) * 1000).toISOString() }, timeOf(ts)),
  );
}

function timeOf(ts) {
  const options = { hour: "2-digit", minute: "2-digit" };
  return new Intl.DateTimeFormat("en-GB", options).format(new Date(Number(ts) * 1000));
}

function whisperNode(whisper) {
  return el(
    "article",
    { class: "message whisper", "data-ts": whisper.ts, "aria-label": "Message from Portcullis, only visible to you" },
    el("img", { class: "avatar", src: "/icon.svg", alt: "" }),
    el(
      "div",
      { class: "message-body" },
      el("p", { class: "only-you" }, ...withEmoji("👁️ Only visible to you")),
      byline("Portcullis", whisper.ts, true),
      ...content(whisper),
    ),
  );
}

function thread(message, whispers) {
  const replies = message.thread.length;
  if (replies + whispers.length === 0) return null;
  const details = el(
    "details",
    { class: "thread", open: openThreads.has(message.ts) || whispers.length > 0 },
    el("summary", { "data-focus": "thread" }, `${replies} ${replies === 1 ? "reply" : "replies"}`),
    ...message.thread.map((reply) => messageNode({ ...reply, thread: [] }, [])),
    ...whispers.map(whisperNode),
  );
  details.addEventListener("toggle", () => {
    if (details.open) openThreads.add(message.ts);
    else openThreads.delete(message.ts);
  });
  return details;
}

function content(message) {
  if (message.blocks.length === 0) return [el("div", { class: "text" }, mrkdwn(message.text, view.people, false))];
  return message.blocks.map((block) => blockNode(block, message));
}

function blockNode(block, message) {
  const text = (object) => textObject(object, view.people);
  switch (block.type) {
    case "header":
      return el("h3", {}, text(block.text));
    case "section":
      return el(
        "div",
        { class: "section" },
        block.text ? el("div", { class: "text" }, text(block.text)) : null,
        block.fields ? el("div", { class: "fields" }, ...block.fields.map((field) => el("div", {}, text(field)))) : null,
      );
    case "context":
      return el("div", { class: "context" }, ...block.elements.map((element) => el("span", {}, text(element))));
    case "divider":
      return el("hr");
    case "actions":
      return actions(block, message);
    default:
      return el("p", { class: "unknown" }, `(a block of type ${block.type})`);
  }
}

function actions(block, message) {
  const card = cards.get(message.ts) ?? {};
  return el(
    "div",
    { class: "actions" },
    ...block.elements.map((button) => (button.url ? linkButton(button, message) : actionButton(button, message, card))),
    card.error ? el("p", { class: "card-error", role: "alert" }, card.error) : null,
  );
}

function actionButton(button, message, card) {
  return el(
    "button",
    {
      type: "button",
      class: button.style,
      "data-focus": button.action_id,
      "data-action": button.action_id,
      disabled: Boolean(card.busy),
      "aria-busy": card.busy === button.action_id ? "true" : undefined,
      onclick: () => press(button, message.ts),
    },
    textObject(button.text, view.people),
  );
}

/** Slack opens the link and sends a click as well. */
function linkButton(button, message) {
  const anchor = el(
    "a",
    { class: "button", href: "#", target: "_blank", rel: "noopener noreferrer", "data-focus": button.action_id },
    textObject(button.text, view.people),
  );
  if (/^https:\/\//.test(button.url)) anchor.href = button.url;
  anchor.addEventListener("click", () => send(button, message.ts));
  return anchor;
}

async function press(button, ts) {
  if (!button.confirm || (await confirmed(button.confirm))) await send(button, ts);
}

async function send(button, ts) {
  setCard(ts, { busy: button.action_id });
  try {
    const { accepted, status, took_ms: took } = await post("/api/click", {
      user: view.user, ts, action: button.action_id,
    });
    setCard(ts, accepted ? null : { error: `This didn’t work. Slack got ${status} after ${took} ms.` });
  } catch (error) {
    setCard(ts, { error: `This didn’t work: ${error.message}` });
  }
}

function setCard(ts, card) {
  if (card) cards.set(ts, card);
  else cards.delete(ts);
  showChannel(view.state, view.people, view.user);
}

/** Slack's confirm dialog; resolves to whether it was confirmed. Escape is a no. */
function confirmed(confirm) {
  const dialog = byId("confirm");
  const [yes, no] = [byId("confirm-yes"), byId("confirm-no")];
  byId("confirm-title").replaceChildren(textObject(confirm.title, view.people));
  byId("confirm-text").replaceChildren(textObject(confirm.text, view.people));
  yes.replaceChildren(textObject(confirm.confirm, view.people));
  yes.className = confirm.style ?? "primary";
  no.replaceChildren(textObject(confirm.deny, view.people));
  return new Promise((resolve) => {
    // Not by the event "close": it comes later, and could close the question that is asked next.
    const answer = (confirmed) => {
      dialog.close();
      resolve(confirmed);
    };
    yes.onclick = () => answer(true);
    no.onclick = () => answer(false);
    dialog.oncancel = () => resolve(false);
    dialog.showModal();
  });
}
