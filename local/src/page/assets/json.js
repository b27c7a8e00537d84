// JSON as a tree that folds.

import { el } from "./dom.js";

/** Longer texts and lists begin folded. */
const FEW = 8;

/** A value as nodes. `opened` is a Map from paths to whether a person opened or closed what is there. */
export function jsonTree(value, opened, path = "$", name = null) {
  const label = name === null ? [] : [el("span", { class: "json-key" }, name), ": "];
  if (value === null || typeof value !== "object") return el("div", { class: "json-leaf" }, ...label, leaf(value));
  const entries = Object.entries(value);
  const [from, to] = Array.isArray(value) ? ["[", "]"] : ["{", "}"];
  if (entries.length === 0) return el("div", { class: "json-leaf" }, ...label, from + to);
  const [only] = entries;
  if (entries.length === 1 && (only[1] === null || typeof only[1] !== "object") && String(only[1]).length < 60) {
    // DynamoDB's {"S": "..."} stays on one line.
    return el("div", { class: "json-leaf" }, ...label, `${from} `, el("span", { class: "json-key" }, only[0]), ": ", leaf(only[1]), ` ${to}`);
  }
  const isOpen = opened.get(path) ?? (!path.includes("/") || entries.length <= FEW);
  const details = el(
    "details",
    { open: isOpen },
    el("summary", {}, ...label, el("span", { class: "json-size" }, `${from} ${entries.length} ${to}`)),
    ...entries.map(([key, inner]) => jsonTree(inner, opened, `${path}/${key}`, key)),
  );
  details.addEventListener("toggle", () => opened.set(path, details.open));
  return details;
}

function leaf(value) {
  return el("span", { class: `json-${value === null ? "null" : typeof value}` }, JSON.stringify(value));
}
