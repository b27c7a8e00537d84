// A press on a card's button: Slack's confirm dialog, then the click, and what came of it.

import { post } from "./api.js";
import { byId } from "./dom.js";
import { textObject } from "./mrkdwn.js";
import { page, people, show } from "./page.js";

/** What is under way or went wrong on a card, by its ts: {busy: action} or {error: text}. */
const cards = new Map();

/** {busy} or {error} of the card with this ts; null where there is nothing to say. */
export const stateOf = (ts) => cards.get(ts) ?? null;

/** A person presses the button. */
export async function press(button, ts) {
  if (!button.confirm || (await confirmed(button.confirm))) await send(button, ts);
}

/** Slack sends the click. */
export async function send(button, ts) {
  setCard(ts, { busy: button.action_id });
  try {
    const { accepted, status, took_ms: took } = await post("/api/click", {
      user: page.user, ts, action: button.action_id,
    });
    setCard(ts, accepted ? null : { error: `This didn’t work. Slack got ${status} after ${took} ms.` });
  } catch (error) {
    setCard(ts, { error: `This didn’t work: ${error.message}` });
  }
  // While it was under way the button could not have the focus, and the card had it.
  if (document.activeElement.matches(cardSelector(ts))) focusCard(ts, button.action_id);
}

const cardSelector = (ts) => `article[data-ts="${CSS.escape(ts)}"]`;

function setCard(ts, card) {
  if (card) cards.set(ts, card);
  else cards.delete(ts);
  show();
}

/** Gives the focus to what has this `data-focus` on a card, else to the card itself. */
export function focusCard(ts, focus) {
  const card = document.querySelector(cardSelector(ts));
  if (!card) return;
  const wanted = [...card.querySelectorAll("[data-focus]")].find((element) => element.dataset.focus === focus);
  if (wanted && !wanted.disabled) return wanted.focus();
  card.tabIndex = -1;
  card.focus();
}

/** Slack's confirm dialog; resolves to whether it was confirmed. Escape is a no. */
function confirmed(confirm) {
  const dialog = byId("confirm");
  const [yes, no] = [byId("confirm-yes"), byId("confirm-no")];
  byId("confirm-title").replaceChildren(textObject(confirm.title, people()));
  byId("confirm-text").replaceChildren(textObject(confirm.text, people()));
  yes.replaceChildren(textObject(confirm.confirm, people()));
  yes.className = confirm.style ?? "primary";
  no.replaceChildren(textObject(confirm.deny, people()));
  return new Promise((resolve) => {
    // Not by the event "close": it comes later, and could close the question that is asked next.
    const answer = (confirmed) => {
      dialog.close();
      resolve(confirmed);
    };
    yes.onclick = () => answer(true);
    no.onclick = () => answer(false);
    dialog.oncancel = () => resolve(false);
    dialog.showModal();
  });
}
