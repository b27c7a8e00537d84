// The red lines of the picture: from the internet to the accounts that it reaches, and on to the tiles.

import { byId } from "./dom.js";
import { svg } from "./icons.js";

/** How far left of a tile its line runs down, and how round its corners are, in pixels. */
const GUTTER = 9;
const ROUND = 6;

let drawn = "";

/** Draws the lines anew where something moved. */
export function drawEdges() {
  const picture = byId("picture");
  const box = picture.getBoundingClientRect();
  if (box.width === 0) return;
  const at = (element) => {
    const { left, top, width, height } = element.getBoundingClientRect();
    return { left: left - box.left, top: top - box.top, bottom: top - box.top + height, middle: left - box.left + width / 2 };
  };
  const paths = [...toAccounts(picture, at), ...toTiles(picture, at)];
  const now = JSON.stringify([paths, box.width, box.height]);
  if (now === drawn) return;
  drawn = now;
  const lines = byId("edges");
  lines.setAttribute("viewBox", `0 0 ${box.width} ${box.height}`);
  lines.replaceChildren(...paths.flatMap(({ d, end }) => [
    svg("path", { class: "edge", d }),
    svg("path", { class: "flow", d }),
    svg("path", { class: "head", d: `M${end[0]} ${end[1]}l${end[2]}` }),
  ]));
}

/** Straight down from the internet. */
function toAccounts(picture, at) {
  const from = at(byId("internet")).bottom;
  return [...picture.querySelectorAll(".account.reached")].map(at).map(({ middle, top }) => ({
    d: `M${round(middle)} ${round(from)}V${round(top - 2)}`,
    end: [round(middle), round(top), "-4 -7h8z"],
  }));
}

/** From the account that is shown, along a bar above the tiles, down left of the tile, and in at its door. */
function toTiles(picture, at) {
  const shown = picture.querySelector(".account:has(:checked)");
  const reached = [...picture.querySelectorAll(".tile.reached")];
  if (!shown || reached.length === 0) return [];
  const { middle, bottom } = at(shown);
  const bar = at(byId("tiles")).top - ROUND - 3;
  return reached.map(at).map(({ left, top }) => {
    const x = left - GUTTER;
    const door = top + 17;
    const side = Math.abs(x - middle) < 2 * ROUND ? 0 : Math.sign(x - middle);
    const across = side === 0
      ? `V${round(bar)}L${round(x)} ${round(bar + ROUND)}`
      : `V${round(bar - ROUND)}q0 ${ROUND} ${side * ROUND} ${ROUND}H${round(x - side * ROUND)}q${side * ROUND} 0 ${side * ROUND} ${ROUND}`;
    return {
      d: `M${round(middle)} ${round(bottom)}${across}V${round(door - ROUND)}q0 ${ROUND} ${ROUND} ${ROUND}`,
      end: [round(left), round(door), "-7 -4v8z"],
    };
  });
}

const round = (number) => Math.round(number * 2) / 2;
