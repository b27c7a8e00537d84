// Slack's blocks as nodes. Format: docs.slack.dev, block-kit.

import { el } from "./dom.js";
import { textObject } from "./mrkdwn.js";
import { people } from "./page.js";
import { press, send, stateOf } from "./press.js";

const text = (object) => textObject(object, people());

/** A block of a message. */
export function blockNode(block, message) {
  switch (block.type) {
    case "header":
      return el("h3", {}, text(block.text));
    case "section":
      return el(
        "div",
        { class: "section" },
        block.text ? el("div", { class: "text" }, text(block.text)) : null,
        block.fields ? el("div", { class: "fields" }, ...block.fields.map((field) => el("div", {}, text(field)))) : null,
      );
    case "context":
      return el("div", { class: "context" }, ...block.elements.map((element) => el("span", {}, text(element))));
    case "divider":
      return el("hr");
    case "actions":
      return actions(block, message);
    default:
      return el("p", { class: "unknown" }, `(a block of type ${block.type})`);
  }
}

function actions(block, message) {
  const card = stateOf(message.ts) ?? {};
  return el(
    "div",
    { class: "actions" },
    ...block.elements.map((button) => (button.url ? linkButton(button, message) : actionButton(button, message, card))),
    card.error ? el("p", { class: "card-error", role: "alert" }, card.error) : null,
  );
}

function actionButton(button, message, card) {
  return el(
    "button",
    {
      type: "button",
      class: button.style,
      "data-focus": button.action_id,
      "data-action": button.action_id,
      disabled: Boolean(card.busy),
      "aria-busy": card.busy === button.action_id ? "true" : undefined,
      onclick: () => press(button, message.ts),
    },
    text(button.text),
  );
}

/** Slack opens the link and sends a click as well. */
function linkButton(button, message) {
  const anchor = el(
    "a",
    { class: "button", href: "#", target: "_blank", rel: "noopener noreferrer", "data-focus": button.action_id },
    text(button.text),
  );
  if (/^https:\/\//.test(button.url)) anchor.href = button.url;
  anchor.addEventListener("click", () => send(button, message.ts));
  return anchor;
}
