// What the page shows now: one place that every part reads. Whoever changes it calls `show`.

/** `setup` and `state` as the API gives them; the person in the channel; the account, region and group chosen. */
export const page = { setup: null, state: null, user: "", account: "", region: "", group: "" };

const parts = [];

/** Registers what draws a part of the page from `page`. It is called whenever something changed, and must not call `show`. */
export function part(draw) {
  parts.push(draw);
}

/** Draws every part anew. */
export function show() {
  if (page.state) for (const draw of parts) draw();
}

/** The group that is chosen in each account and region, by both. */
const chosen = new Map();

/** The groups of an account, of one of its regions where that is given. */
export function groupsOf(account, region) {
  return page.state.groups.filter((group) => group.account === account && (!region || group.region === region));
}

export const groupById = (id) => page.state.groups.find((group) => group.id === id);

/** Shows another account or region, with the group that was chosen there last. */
export function goTo(to) {
  if (page.group) chosen.set(page.account + page.region, page.group);
  Object.assign(page, { account: page.account, region: page.region, ...to });
  page.group = chosen.get(page.account + page.region) ?? "";
  settle();
  show();
}

/** Chooses a group, and with it the account and region shown. */
export function choose(id) {
  const group = groupById(id);
  if (!group || id === page.group) return;
  if (page.group) chosen.set(page.account + page.region, page.group);
  Object.assign(page, { account: group.account, region: group.region, group: id });
  show();
}

/** Sees to it that a group of the account and region shown is chosen, if there is one. */
export function settle() {
  const groups = groupsOf(page.account, page.region);
  if (groups.some((group) => group.id === page.group)) return;
  page.group = (groups.find((group) => group.name === "web") ?? groups[0])?.id ?? "";
}

/** User ids as handles. */
export const people = () => new Map(page.setup.members.map(({ id, name }) => [id, name]));

export const accountName = (id) => page.setup.accounts.find((account) => account.id === id)?.name ?? id;

/** The requests that the page knows of, newest first. */
export const requests = () => page.state.requests ?? [];

/** The id of the request that a message is the card of; null where it is none. */
export function requestOf(ts) {
  const known = page.state.messages.find((message) => message.ts === ts)?.requestid;
  return known ?? requests().find((request) => request.cards.includes(ts))?.id ?? null;
}

/** How many rules of these groups let the whole internet in. */
export const openDoors = (groups) =>
  groups.reduce((sum, group) => sum + group.rules.filter((rule) => rule.world).length, 0);
