// While one points at a card, with the mouse or the focus, the rules and the group that it is about are lit in the
// picture; and while one points at a rule, its card is. The picture goes to the card's account where it shows another.

import { goTo, groupById, page, part, requestOf, requests } from "./page.js";

/** How long the mouse rests on something before the page moves for it, in milliseconds. */
const RESTS = 180;

/** What one points at: {card: ts}, {rule: id}, {group: id}, or null. */
let byMouse = null;
let byFocus = null;
let rest = 0;
/** Where the mouse was seen last. */
let mouseAt = "";

/** Wires it. */
export function startPointing() {
  // Moves only: a card that scrolls under a resting mouse is not pointed at.
  document.addEventListener("pointermove", (event) => {
    const at = `${event.screenX} ${event.screenY}`;
    if (at !== mouseAt) point(targetOf(event.target));
    mouseAt = at;
  }, { passive: true });
  document.addEventListener("pointerdown", (event) => point(targetOf(event.target)), { passive: true });
  document.documentElement.addEventListener("pointerleave", () => point(null));
  document.addEventListener("focusin", (event) => focus(targetOf(event.target)));
  document.addEventListener("focusout", (event) => {
    if (!event.relatedTarget) focus(null);
  });
  part(light);
}

function targetOf(element) {
  const at = (selector) => element.closest?.(selector);
  const rule = at("[data-rule]");
  if (rule) return { rule: rule.dataset.rule };
  const card = at(".channel article[data-ts]");
  if (card) return { card: card.dataset.ts };
  const group = at("[data-tile]");
  return group ? { group: group.dataset.tile } : null;
}

const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

function point(target) {
  if (same(target, byMouse)) return;
  byMouse = target;
  clearTimeout(rest);
  if (target) rest = setTimeout(() => moveTo(target), RESTS);
  light();
}

function focus(target) {
  if (same(target, byFocus)) return;
  byFocus = target;
  if (target && document.activeElement.matches(":focus-visible")) moveTo(target);
  light();
}

/** Brings what belongs to the target into sight. */
function moveTo(target) {
  if (!page.state) return;
  if (target.card) {
    const [request] = about(target).requests;
    const place = request && { account: request.account, region: request.region };
    const known = place && page.setup.accounts.some(({ id }) => id === place.account) && page.setup.regions.includes(place.region);
    if (known && (place.account !== page.account || place.region !== page.region)) goTo(place);
  }
  if (target.rule) {
    const ts = [...about(target).cards].at(-1);
    const card = ts && document.querySelector(`.channel article[data-ts="${CSS.escape(ts)}"]`);
    if (card && byMouse) card.scrollIntoView({ block: "nearest", behavior: calm() ? "auto" : "smooth" });
  }
}

const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/** The requests that a target belongs to, and with them: cards, rules and groups. */
function about(target) {
  const all = requests();
  const of = (wanted) => all.filter(wanted);
  const isOf = {
    card: () => of((request) => request.id === requestOf(target.card)),
    rule: () => of((request) => request.rules.some(({ id }) => id === target.rule)),
    group: () => of((request) => request.group === target.group),
  };
  const found = isOf[Object.keys(target)[0]]();
  return {
    requests: found,
    cards: new Set(found.flatMap((request) => request.cards)),
    rules: new Set(target.group ? [] : found.flatMap((request) => request.rules.map(({ id }) => id)).filter(Boolean)),
    groups: new Set(target.group ? [target.group] : found.map((request) => request.group)),
  };
}

/** The newest card of each rule, for the state that it was computed from: a group may have 500 rules. */
let index = { state: null, cards: new Map() };

/** The ts of the newest card of a rule, or null. */
export function cardOfRule(id) {
  if (index.state !== page.state) {
    const oldestFirst = requests().toReversed();
    const pairs = oldestFirst.flatMap(({ rules, cards }) => (cards.length ? rules.map((rule) => [rule.id, cards.at(-1)]) : []));
    index = { state: page.state, cards: new Map(pairs) };
  }
  return index.cards.get(id) ?? null;
}

/** Marks what belongs to what one points at. */
function light() {
  const target = byMouse ?? byFocus;
  const lit = target && page.state ? about(target) : { cards: new Set(), rules: new Set(), groups: new Set() };
  if (target?.rule) lit.rules.add(target.rule);
  const turn = (selector, key, set) => {
    for (const element of document.querySelectorAll(selector)) {
      element.classList.toggle("lit", set.has(element.dataset[key]));
    }
  };
  turn(".channel article[data-ts]", "ts", target?.card ? new Set() : lit.cards);
  turn("[data-rule]", "rule", lit.rules);
  turn("[data-tile]", "tile", lit.groups);
  turn("[data-mini]", "mini", lit.groups);
  const accounts = new Set([...lit.groups].map((id) => groupById(id)?.account));
  turn("[data-account]", "account", accounts);
}
