// Wiring: asks for the state twice a second and shows it.

import * as api from "./api.js";
import { byId, el, radios, reconcile } from "./dom.js";
import { showChannel } from "./channel.js";
import { showGroups, startGroups } from "./groups.js";

/** Milliseconds between two looks. */
const EVERY = 500;
const STORED = "portcullis-user";

const setup = await api.setup();
const people = new Map(setup.members.map(({ id, name }) => [id, name]));
let user = sessionStorage.getItem(STORED) ?? setup.members.find((member) => member.approver).id;
let state = null;

byId("channel-name").textContent = `# ${setup.channel}`;
startGroups(setup);
showPeople();
await look();

function showPeople() {
  const choices = setup.members.map(({ id, name, approver }) => ({
    value: id, label: name, note: approver ? "approver" : "",
  }));
  radios(byId("people"), "user", choices, user, (value) => {
    user = value;
    sessionStorage.setItem(STORED, user);
    show();
  });
}

async function look() {
  try {
    const now = await api.state();
    if (now) {
      state = now;
      show();
    }
    byId("banner").hidden = true;
  } catch {
    byId("banner").textContent = "The demo does not answer. Is it still running? Start it with “make demo”.";
    byId("banner").hidden = false;
  }
  if (state) showFunctions();
  setTimeout(look, EVERY);
}

function show() {
  showChannel(state, people, user);
  showGroups(state);
}

function showFunctions() {
  reconcile(
    byId("functions"),
    state.functions,
    (one) => one.name,
    (one) => [one, ago(one.last_at)],
    ({ name, busy, last_at: at, last_error: error }) => el(
      "li",
      { class: error ? "failed" : busy ? "busy" : "idle", title: error ?? "" },
      el("b", {}, name),
      ` ${busy ? "at work" : error ? "failed" : "idle"}, ${name === "poller" ? "last tick" : "last click"} ${ago(at)}`,
    ),
  );
}

function ago(at) {
  if (!at) return "never";
  const seconds = Math.max(0, Math.round((Date.now() - at) / 1000));
  if (seconds < 2) return "just now";
  return seconds < 120 ? `${seconds} s ago` : `${Math.round(seconds / 60)} min ago`;
}
