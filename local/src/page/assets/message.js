// One message as Slack shows it: byline, blocks, thread; and beside it, as the page's own, the way to its time line.

import { appAvatar, avatar } from "./avatar.js";
import { blockNode } from "./blocks.js";
import { el } from "./dom.js";
import { withEmoji } from "./emoji.js";
import { follow } from "./follow.js";
import { icon } from "./icons.js";
import { mrkdwn } from "./mrkdwn.js";
import { people, requestOf } from "./page.js";
import { clock, millis } from "./words.js";

/** Threads that a person opened, by ts; and those closed. */
const openThreads = new Map();

/** The line between two days. */
export const dayNode = (day) => el("div", { class: "day", role: "separator", "aria-label": day }, el("span", {}, day));

/** A message of the channel, or a reply; `whispers` are those in its thread. */
export function messageNode(message, whispers) {
  const request = requestOf(message.ts);
  return el(
    "article",
    { class: "message", "data-ts": message.ts, "aria-label": `Message from ${message.author}, ${clock(millis(message.ts))}` },
    message.is_app ? appAvatar() : avatar(message.author),
    el(
      "div",
      { class: "message-body" },
      byline(message, request ? followButton(request) : null),
      ...content(message),
      thread(message, whispers),
    ),
  );
}

/** What only one person sees. */
export function whisperNode(whisper) {
  return el(
    "article",
    { class: "message whisper", "data-ts": whisper.ts, "aria-label": "Message from Portcullis, only visible to you" },
    appAvatar(),
    el(
      "div",
      { class: "message-body" },
      el("p", { class: "only-you" }, ...withEmoji("👁️ Only visible to you")),
      byline({ ...whisper, author: "Portcullis", is_app: true }, null),
      ...content(whisper),
    ),
  );
}

function byline({ author, ts, is_app: isApp, edited }, tool) {
  return el(
    "p",
    { class: "byline" },
    el("b", {}, author),
    isApp ? el("span", { class: "app" }, "APP") : null,
    el("time", { datetime: new Date(millis(ts)).toISOString() }, clock(millis(ts))),
    edited ? el("small", { class: "edited" }, "(edited)") : null,
    tool,
  );
}

function followButton(request) {
  return el(
    "button",
    {
      type: "button",
      class: "follow",
      "data-focus": "follow",
      "data-request": request,
      title: "Its way from CloudTrail's record to the outcome",
      onclick: () => follow(request),
    },
    icon("follow"),
    "Follow it",
  );
}

function content(message) {
  if (message.blocks.length === 0) return [el("div", { class: "text" }, mrkdwn(message.text, people(), false))];
  return message.blocks.map((block) => blockNode(block, message));
}

function thread(message, whispers) {
  const replies = message.thread.length;
  if (replies + whispers.length === 0) return null;
  const label = [
    replies > 0 ? `${replies} ${replies === 1 ? "reply" : "replies"}` : null,
    whispers.length > 0 ? "1 only visible to you".replace("1", whispers.length) : null,
  ].filter(Boolean).join(", ");
  const details = el(
    "details",
    { class: "thread", open: openThreads.get(message.ts) ?? whispers.length > 0 },
    el("summary", { "data-focus": "thread" }, label),
    ...message.thread.map((reply) => messageNode({ ...reply, thread: [] }, [])),
    ...whispers.map(whisperNode),
  );
  details.addEventListener("toggle", () => openThreads.set(message.ts, details.open));
  return details;
}
