// Slack's mrkdwn as nodes. Format: docs.slack.dev, messaging/formatting-message-text.

import { el } from "./dom.js";
import { withEmoji } from "./emoji.js";

const BROADCASTS = ["here", "channel", "everyone"];

/** A text object ({type, text, verbatim, emoji}) as a fragment. `people` is a Map from user ids to handles. */
export function textObject(object, people) {
  if (object.type === "mrkdwn") return mrkdwn(object.text, people, object.verbatim === true);
  const fragment = document.createDocumentFragment();
  fragment.append(...(object.emoji === false ? [object.text] : withEmoji(object.text)));
  return fragment;
}

/** A mrkdwn text as a fragment. Unless `verbatim`, bare URLs and @here become links and mentions too. */
export function mrkdwn(text, people, verbatim) {
  const context = { people, verbatim };
  const fragment = document.createDocumentFragment();
  text.split(/```([\s\S]*?)```/).forEach((piece, at) => {
    if (at % 2 === 1) fragment.append(codeBlock(piece, context));
    // A code block stands on lines of its own: the line breaks beside it are not shown twice.
    else fragment.append(...lines(piece.replace(/^\n/, at > 0 ? "" : "\n").replace(/\n$/, ""), context));
  });
  return fragment;
}

function codeBlock(text, context) {
  const content = text.replace(/^\n/, "");
  return el("pre", { tabindex: "0" }, ...tokensOnly(content, context));
}

function lines(text, context) {
  const nodes = [];
  text.split("\n").forEach((line, at) => {
    if (at > 0) nodes.push(el("br"));
    const quote = /^&gt; ?(.*)$/.exec(line);
    if (quote) nodes.push(el("blockquote", {}, ...inline(quote[1], context)));
    else nodes.push(...inline(line, context));
  });
  return nodes;
}

const MARKS = [
  { tag: "b", pattern: /(?<![\w*])\*(?! )([^*]+?)(?<! )\*(?![\w*])/ },
  { tag: "i", pattern: /(?<![\w_])_(?! )([^_]+?)(?<! )_(?![\w_])/ },
  { tag: "s", pattern: /(?<![\w~])~(?! )([^~]+?)(?<! )~(?![\w~])/ },
];
const CODE = /`([^`]+)`/;
const TOKEN = /<([^<>]*)>/;
const BARE = /https?:\/\/[^\s<>|]+|(?<!\w)@(?:here|channel|everyone)\b/;

/** One line: the leftmost of code, token, emphasis; then what follows it. */
function inline(text, context) {
  const candidates = [
    { at: CODE.exec(text), node: (m) => el("code", {}, ...tokensOnly(m[1], context)) },
    { at: TOKEN.exec(text), node: (m) => token(m[1], context) },
    ...MARKS.map(({ tag, pattern }) => ({
      at: pattern.exec(text),
      node: (m) => el(tag, {}, ...inline(m[1], context)),
    })),
    { at: context.verbatim ? null : BARE.exec(text), node: (m) => bare(m[0]) },
  ].filter((candidate) => candidate.at);
  if (candidates.length === 0) return withEmoji(unescape(text));
  const first = candidates.reduce((a, b) => (b.at.index < a.at.index ? b : a));
  const start = first.at.index;
  const end = start + first.at[0].length;
  const before = withEmoji(unescape(text.slice(0, start)));
  return [...before, first.node(first.at), ...inline(text.slice(end), context)];
}

/** Code: no emphasis and no emoji, but Slack still resolves what is between < and >. */
function tokensOnly(text, context) {
  return text.split(/<([^<>]*)>/).map((piece, at) => (at % 2 ? token(piece, context) : unescape(piece)));
}

function token(inner, context) {
  const bar = inner.indexOf("|");
  const target = bar < 0 ? inner : inner.slice(0, bar);
  const label = bar < 0 ? null : unescape(inner.slice(bar + 1));
  if (target.startsWith("@")) {
    const id = target.slice(1);
    return mention(`@${context.people.get(id) ?? label ?? id}`);
  }
  if (target.startsWith("#")) return mention(`#${label ?? target.slice(1)}`);
  if (target.startsWith("!date^")) return date(target, label);
  if (target.startsWith("!")) return mention(`@${label ?? target.slice(1).split("^").pop()}`);
  return link(unescape(target), label ?? unescape(target));
}

function bare(text) {
  const name = text.slice(1);
  return text.startsWith("@") && BROADCASTS.includes(name) ? mention(text) : link(unescape(text), unescape(text));
}

function mention(text) {
  return el("span", { class: "mention" }, text);
}

/** A link, if it leads to a web page or a mail address; else its text. */
export function link(url, label) {
  if (!/^(https?:\/\/|mailto:)/i.test(url)) return document.createTextNode(label);
  return el("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, label);
}

/** `<!date^SECONDS^FORMAT^LINK|FALLBACK>` in the reader's own zone. */
function date(target, fallback) {
  const [, seconds, format] = target.split("^");
  const at = new Date(Number(seconds) * 1000);
  if (!format || Number.isNaN(at.getTime())) return document.createTextNode(fallback ?? target);
  const text = format.replace(/\{(\w+)\}/g, (whole, name) => datePart(name, at) ?? whole);
  return el("time", { datetime: at.toISOString(), title: fallback ?? at.toISOString() }, text);
}

function datePart(name, at) {
  const shown = (options) => new Intl.DateTimeFormat("en-GB", options).format(at);
  const day = name.endsWith("_pretty") ? relativeDay(at) : null;
  switch (name.replace(/_pretty$/, "")) {
    case "date_num": return at.toISOString().slice(0, 10);
    case "date": return day ?? shown({ day: "numeric", month: "long", year: "numeric" });
    case "date_short": return day ?? shown({ day: "numeric", month: "short", year: "numeric" });
    case "date_long": return day ?? shown({ weekday: "long", day: "numeric", month: "long", year: "numeric" });
    case "time": return shown({ hour: "2-digit", minute: "2-digit" });
    case "time_secs": return shown({ hour: "2-digit", minute: "2-digit", second: "2-digit" });
    default: return null;
  }
}

function relativeDay(at) {
  const midnight = (date) => new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
  const days = Math.round((midnight(new Date()) - midnight(at)) / 86_400_000);
  return { 0: "today", 1: "yesterday", "-1": "tomorrow" }[days] ?? null;
}

/** Slack's three escapes; `&amp;` last, so that `&amp;lt;` stays what it says. */
function unescape(text) {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}
