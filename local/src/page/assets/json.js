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
  if (entries.length === 1 && only[0] === "S") {
    const inner = parsed(only[1]);
    if (inner) return folded([...label, `${from} S: a text that is JSON ${to}`], false, opened, path, [jsonTree(inner, opened, `${path}/S`)]);
  }
  const isOpen = !path.includes("/") || entries.length <= FEW;
  const size = el("span", { class: "json-size" }, `${from} ${entries.length} ${to}`);
  return folded([...label, size], isOpen, opened, path, entries.map(([key, inner]) => jsonTree(inner, opened, `${path}/${key}`, key)));
}

function folded(summary, isOpen, opened, path, children) {
  const details = el("details", { open: opened.get(path) ?? isOpen }, el("summary", {}, ...summary), ...children);
  details.addEventListener("toggle", () => opened.set(path, details.open));
  return details;
}

/** The object or list that a text holds as JSON; null where it holds none. */
function parsed(text) {
  if (typeof text !== "string" || !/^[{[]/.test(text)) return null;
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function leaf(value) {
  return el("span", { class: `json-${value === null ? "null" : typeof value}` }, JSON.stringify(value));
}
