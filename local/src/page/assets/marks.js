// What has just appeared, changed or gone in the accounts stays marked for some seconds.

import { page, show } from "./page.js";

/** How long, in milliseconds. */
const MARKED = 8_000;

/** By rule id: {mark: "new" | "changed" | "gone", until, rule, group}. */
const marks = new Map();
let before = null;

/** Compares with the rules seen last. */
export function markChanges() {
  const rules = new Map(page.state.groups.flatMap((group) => group.rules.map((rule) => [rule.id, { rule, group }])));
  const known = marks.size;
  const until = Date.now() + MARKED;
  if (before) {
    for (const [id, { rule, group }] of rules) {
      const was = before.get(id);
      if (was && JSON.stringify(was.rule) === JSON.stringify(rule)) continue;
      marks.set(id, { mark: was ? "changed" : "new", until, rule, group: group.id });
    }
    for (const [id, { rule, group }] of before) {
      if (!rules.has(id)) marks.set(id, { mark: "gone", until, rule, group: group.id });
    }
  }
  before = rules;
  if (marks.size > known) setTimeout(unmark, MARKED + 50);
}

function unmark() {
  const now = Date.now();
  for (const [id, { until }] of marks) if (until <= now) marks.delete(id);
  show();
}

/** "new", "changed", "gone" or "". */
export const markOf = (rule) => marks.get(rule.id)?.mark ?? "";

/** The rules of a group, with those that have just gone, the whole internet first, then what has just changed. */
export function rulesOf(group) {
  const gone = [...marks.values()].filter((mark) => mark.mark === "gone" && mark.group === group.id);
  return [...group.rules, ...gone.map(({ rule }) => rule)].sort(byWidth);
}

function byWidth(a, b) {
  const marked = (rule) => Number(marks.has(rule.id));
  return b.world - a.world || marked(b) - marked(a) || a.from_port - b.from_port || a.source.localeCompare(b.source, "en", { numeric: true });
}

/** What a redraw of a group depends on besides the group itself. */
export const marksOf = (group) =>
  [...marks].filter(([, mark]) => mark.group === group.id).map(([id, { mark }]) => [id, mark]);
