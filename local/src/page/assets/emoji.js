// Emoji as images, as in Slack: a machine without an emoji font shows them too. The character stays the element's text.

import { el } from "./dom.js";

/** In the order of emoji.svg. */
const DRAWN = ["🔴", "🟠", "🟡", "⚪", "✅", "❌", "⚠", "⏳", "↩", "✋", "👁", "🚨"];

/** Slack's names for those that cards use. */
const NAMED = new Map(Object.entries({
  red_circle: "🔴", large_orange_circle: "🟠", large_yellow_circle: "🟡", white_circle: "⚪", white_check_mark: "✅",
  x: "❌", warning: "⚠️", hourglass: "⏳", hourglass_flowing_sand: "⏳", leftwards_arrow_with_hook: "↩️",
  raised_hand: "✋", eye: "👁️", rotating_light: "🚨",
}));

const PIECES = new RegExp(`((?:${DRAWN.join("|")})\\u{fe0f}?)`, "u");

/** A plain text as nodes: `:name:` and the characters themselves become images. */
export function withEmoji(text) {
  const characters = text.replace(/:([a-z0-9_+-]+):/g, (whole, name) => NAMED.get(name) ?? whole);
  return characters.split(PIECES).map((piece, at) => (at % 2 ? image(piece) : piece));
}

function image(character) {
  const span = el("span", { class: "emoji" }, character);
  span.style.setProperty("--at", DRAWN.indexOf(character.replace("\u{fe0f}", "")));
  return span;
}
