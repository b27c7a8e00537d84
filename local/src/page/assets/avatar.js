// Who wrote something, as a small picture: a letter on a colour of their own, or the app's icon.

import { el } from "./dom.js";
import { page } from "./page.js";

/** As many as channel.css has colours; the last is for whoever is no member. */
const COLOURS = 6;

/** The picture of a person, by name. The name always stands beside it. */
export function avatar(name) {
  const at = page.setup.members.findIndex((member) => member.name === name);
  const colour = at < 0 ? COLOURS - 1 : at % (COLOURS - 1);
  return el("span", { class: `avatar person colour-${colour}`, "aria-hidden": "true" }, name.slice(0, 1).toUpperCase());
}

/** The app's picture. */
export const appAvatar = () => el("img", { class: "avatar", src: "/icon.svg", alt: "" });
