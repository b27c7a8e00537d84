// The channel: its messages in order, days between them, whispers, and the way back to the newest.

import { byId, el, reconcile } from "./dom.js";
import { dayNode, messageNode, whisperNode } from "./message.js";
import { mrkdwn } from "./mrkdwn.js";
import { page, part, people, requestOf } from "./page.js";
import { stateOf } from "./press.js";
import { day, millis } from "./words.js";

const list = byId("messages");
const jump = byId("jump");
/** Texts as they were announced last, by ts. */
const announced = new Map();
let first = true;
let atEnd = true;
/** Whose view is shown: a switch brings whispers and takes them away, which is no news. */
let shownTo = "";

/** Wires the channel. */
export function startChannel() {
  jump.addEventListener("click", () => {
    scrollToEnd();
    list.focus({ preventScroll: true });
  });
  list.addEventListener("scroll", () => {
    atEnd = isAtEnd();
    if (atEnd) jump.hidden = true;
  }, { passive: true });
  // Where the channel gets lower, its end stays in sight.
  new ResizeObserver(() => {
    if (atEnd) scrollToEnd();
  }).observe(list);
  part(showChannel);
}

/** Shows the channel as the chosen person sees it. */
function showChannel() {
  const { state, user } = page;
  announce(state);
  const mine = state.whispers.filter((whisper) => whisper.user === user);
  const inChannel = mine.filter((whisper) => !whisper.thread_ts).map((whisper) => ({ ...whisper, whisper: true }));
  const messages = [...state.messages, ...inChannel].sort((a, b) => Number(a.ts) - Number(b.ts));
  const stay = isAtEnd() || first;
  const newest = messages.at(-1)?.ts;
  const isNew = newest && ![...list.children].some((child) => child.dataset.ts === newest);
  byId("no-messages").hidden = messages.length > 0;
  reconcile(
    list,
    withDays(messages),
    (entry) => entry.day ?? entry.ts,
    (entry) => (entry.day ? entry.day : [entry, user, stateOf(entry.ts), threadWhispers(mine, entry), requestOf(entry.ts)]),
    (entry) => {
      if (entry.day) return dayNode(entry.day);
      return entry.whisper ? whisperNode(entry) : messageNode(entry, threadWhispers(mine, entry));
    },
  );
  if (stay) scrollToEnd();
  else if (isNew && shownTo === user) jump.hidden = false;
  first = false;
  shownTo = user;
}

/** The messages with an entry {day} before the first of each day. */
function withDays(messages) {
  let last = "";
  return messages.flatMap((message) => {
    const today = day(millis(message.ts));
    const divider = today === last ? [] : [{ day: today }];
    last = today;
    return [...divider, message];
  });
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
    if (!first) byId("announcements").replaceChildren(el("p", {}, mrkdwn(text, people(), true)));
  }
}
